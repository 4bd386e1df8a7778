internal import Glibc

/// Tells systemd how the process is doing (sd_notify(3)): a datagram to the socket that
/// NOTIFY_SOCKET names. Does nothing where nobody asked.
public struct SystemdNotifier: Sendable {
  private let socketPath: String?

  public init(environment: [String: String]) { socketPath = environment["NOTIFY_SOCKET"] }

  /// How often the watchdog wants to be fed at least; nil when it does not. Half of systemd's limit,
  /// as sd_watchdog_enabled(3) advises.
  public static func watchdogInterval(environment: [String: String]) -> Duration? {
    guard let text = environment["WATCHDOG_USEC"], let limit = Int64(text), limit > 0 else {
      return nil
    }
    if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
    return .microseconds(limit / 2)
  }

  public func ready() { send("READY=1") }
  public func stopping() { send("STOPPING=1") }
  public func alive() { send("WATCHDOG=1") }
  public func status(_ text: String) {
    send("STATUS=" + text.split(separator: "\n").joined(separator: " "))
  }

  private func send(_ message: String) {
    guard let socketPath, !socketPath.isEmpty else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socketPath.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    // A leading @ stands for the abstract name space, whose names begin with a zero byte.
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0
    // Nobody listening is systemd's concern, not ours.
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        message.withCString {
          sendto(
            descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL), address, socklen_t(length))
        }
      }
    }
  }
}
