internal import Base
internal import CCurl
internal import CShims
internal import Glibc
internal import Synchronization

/// How other threads reach the client's thread: a list of orders, and a wake-up of its poll.
///
/// `@unchecked Sendable`: `multi` is immutable, and curl_multi_wakeup is the one libcurl call made
/// for other threads; it is made under the lock and not after `close`, so never on a freed handle.
final class Mailbox: @unchecked Sendable {
  enum Order: Sendable {
    case start(UInt64, HTTPRequest, any HTTPSink)
    case resume(UInt64)
    case cancel(UInt64)
    case stop
  }

  let multi: UnsafeMutableRawPointer
  /// Ends a rest; -1 where there is none to be had.
  private let wake: Int32
  private let state = Mutex<(orders: [Order], isClosed: Bool)>(([], false))

  init(multi: UnsafeMutableRawPointer) {
    self.multi = multi
    wake = airloom_eventfd()
  }

  deinit { if wake >= 0 { Glibc.close(wake) } }

  /// Waits that long or until something is posted, on the client's thread.
  func rest(_ duration: Duration) {
    var polled = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, Int32(clamping: duration.microseconds / 1000)) > 0 {
      var count: UInt64 = 0
      _ = read(wake, &count, 8)
    }
  }

  /// False when the client has been stopped; the order then has no effect.
  @discardableResult
  func post(_ order: Order) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.orders.append(order)
      if state.orders.count == 1 {
        curl_multi_wakeup(multi)
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
      }
      return true
    }
  }

  func take() -> [Order] {
    state.withLock { state in
      defer { state.orders = [] }
      return state.orders
    }
  }

  /// Nothing can be posted afterwards; answers what had not been taken.
  func close() -> [Order] {
    state.withLock { state in
      state.isClosed = true
      defer { state.orders = [] }
      return state.orders
    }
  }
}
