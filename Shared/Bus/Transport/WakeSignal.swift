internal import Base
internal import CShims
internal import Glibc

/// A flag that one thread raises and another can poll for (an eventfd).
final class WakeSignal: Sendable {
  let descriptor: Int32

  init() throws(TransportError) {
    do throws(SystemError) {
      descriptor = try Syscall.check("eventfd") { airloom_eventfd() }
    } catch { throw TransportError(.system, "The bus cannot be opened: \(error).") }
  }

  deinit { close(descriptor) }

  func raise() {
    var one: UInt64 = 1
    // Can only fail with the counter full, and then the flag is up.
    _ = write(descriptor, &one, 8)
  }

  func clear() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }

  /// Blocks until the flag is up, and leaves it up.
  func wait() {
    var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&item, 1, -1) < 1 {}
  }
}
