internal import Base
internal import CShims
internal import Glibc
internal import Synchronization

/// Breaks off a blocking conversation with a server from another thread.
///
/// Everything that waits for the network polls `descriptor` too; it becomes readable at `trigger`
/// and stays so. Triggering never cleans up anything at the far end: to the server it looks like a
/// process that died, which is what every later try must cope with anyway.
///
/// `Sendable` without more ado: the descriptor is immutable and write(2) on an eventfd is atomic.
final class Interruption: Sendable {
  let descriptor: Int32
  private let handler = Mutex<(@Sendable () -> Void)?>(nil)

  init() throws(SystemError) {
    descriptor = try Syscall.check("eventfd") { airloom_eventfd() }
  }

  deinit { close(descriptor) }

  func trigger() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
    handler.withLock { $0 }?()
  }

  /// For who waits without a descriptor; called at once where it was triggered already, and perhaps
  /// twice. One handler at a time.
  func onTrigger(_ handler: (@Sendable () -> Void)?) {
    self.handler.withLock { $0 = handler }
    if isTriggered { handler?() }
  }

  var isTriggered: Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 0) > 0
  }
}
