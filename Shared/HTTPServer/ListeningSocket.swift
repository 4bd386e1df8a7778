internal import Base
internal import Glibc

/// Where a server listens.
public enum ServerAddress: Sendable, CustomStringConvertible {
  /// Port 0 takes any that is free.
  case tcp(host: String, port: UInt16)
  /// Made with mode 0600; a file left by a dead process is replaced.
  case unix(path: String)

  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }
}

/// Opens a socket to listen on, with an error that says what to do when it cannot.
struct ListeningSocket {
  let descriptor: Int32
  /// The address with the port that was in fact taken.
  let address: ServerAddress

  init(_ wanted: ServerAddress) throws(ServerError) {
    do throws(SystemError) {
      switch wanted {
      case .tcp(let host, let port):
        guard let parsed = SocketAddress(host: host, port: port) else {
          throw SystemError(code: EADDRNOTAVAIL, call: "inet_pton", subject: host)
        }
        (descriptor, address) = try ListeningSocket.openTCP(parsed, host: host)
      case .unix(let path):
        descriptor = try ListeningSocket.openUnix(path)
        address = wanted
      }
    } catch {
      throw ListeningSocket.explain(error, wanted)
    }
  }

  private static func openTCP(
    _ parsed: SocketAddress, host: String
  ) throws(SystemError) -> (Int32, ServerAddress) {
    let descriptor = try open(family: parsed.family)
    do throws(SystemError) {
      // Lets a restart take the port while connections of the old process are in TIME_WAIT.
      var yes: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
      try parsed.bind(descriptor)
      try Syscall.check("listen") { listen(descriptor, 1024) }
      return (descriptor, .tcp(host: host, port: try SocketAddress.port(of: descriptor)))
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func openUnix(_ path: String) throws(SystemError) -> Int32 {
    guard let address = SocketAddress(path: path) else {
      throw SystemError(code: ENAMETOOLONG, call: "bind", subject: path)
    }
    if isAnswering(address) { throw SystemError(code: EADDRINUSE, call: "bind", subject: path) }
    unlink(path)
    let descriptor = try open(family: AF_UNIX)
    do throws(SystemError) {
      // Before bind, so that there is no moment with a wider mode (unix(7) on Linux).
      try Syscall.check("fchmod") { fchmod(descriptor, 0o600) }
      try address.bind(descriptor)
      try Syscall.check("listen") { listen(descriptor, 128) }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func open(family: Int32) throws(SystemError) -> Int32 {
    try Syscall.check("socket") {
      socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
  }

  private static func isAnswering(_ address: SocketAddress) -> Bool {
    guard let descriptor = try? open(family: AF_UNIX) else { return false }
    defer { close(descriptor) }
    return (try? address.connect(descriptor)) != nil
  }

  private static func explain(_ error: SystemError, _ address: ServerAddress) -> ServerError {
    switch error.code {
    case EADDRINUSE:
      ServerError(
        kind: .addressInUse,
        description: "\(address) is taken by another process; stop that one or choose another")
    case EACCES, EPERM:
      ServerError(
        kind: .notPermitted,
        description: "\(address) may not be opened by this user; choose a port above 1023 or "
          + "give the right to it")
    case EADDRNOTAVAIL, ENOENT, ENAMETOOLONG:
      ServerError(
        kind: .badAddress,
        description: "\(address) is not an address of this machine: \(error.reason)")
    default:
      ServerError(kind: .system(error.code), description: "\(address) cannot be opened: \(error)")
    }
  }
}
