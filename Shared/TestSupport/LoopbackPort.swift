internal import Glibc
internal import Synchronization

/// TCP ports of the loopback interface.
public enum LoopbackPort {
  private static let given = Mutex<Set<UInt16>>([])

  /// A port that nobody listens on, and that this process was not given before. For servers that
  /// cannot take port 0.
  ///
  /// Below 32,768, where Linux takes the ports of outgoing connections from: one of those would
  /// otherwise often be quicker than the server.
  public static func free() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = UInt16.random(in: 10_000..<32_768)
      if isUnused(port), given.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw TestFailure("no free TCP port was found on 127.0.0.1")
  }

  /// Whether a connection is accepted.
  public static func isListening(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return connect(descriptor, to: port)
  }

  static func connect(_ descriptor: Int32, to port: UInt16) -> Bool {
    withLoopback(port) { Glibc.connect(descriptor, $0, $1) } == 0
  }

  private static func isUnused(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return withLoopback(port) { bind(descriptor, $0, $1) } == 0
  }

  private static func withLoopback<Result>(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
