internal import CCurl
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
  private let state = Mutex<(orders: [Order], isClosed: Bool)>(([], false))

  init(multi: UnsafeMutableRawPointer) { self.multi = multi }

  /// False when the client has been stopped; the order then has no effect.
  @discardableResult
  func post(_ order: Order) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.orders.append(order)
      if state.orders.count == 1 { curl_multi_wakeup(multi) }
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
