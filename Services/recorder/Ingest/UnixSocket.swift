import Base
import CDetach
import Glibc

/// Stream sockets in the file system, for the ingest and its recorder.
enum UnixSocket {
  /// A listening socket that only this user may connect to. Takes the place of a file of that name, so
  /// the caller has made sure that nobody answers there.
  static func listen(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = try make()
    do throws(SystemError) {
      unlink(path)
      // Before bind, so that there is no moment with a wider mode (unix(7) on Linux).
      try Syscall.check("fchmod") { fchmod(descriptor, 0o600) }
      _ = try withAddress(path) { address, length throws(SystemError) in
        try Syscall.check("bind", path) { bind(descriptor, address, length) }
      }
      try Syscall.check("listen") { Glibc.listen(descriptor, 16) }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// A connected socket that does not block, with a peer that runs as this user.
  static func connect(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = try make()
    do throws(SystemError) {
      _ = try withAddress(path) { address, length throws(SystemError) in
        try Syscall.check("connect", path) { Glibc.connect(descriptor, address, length) }
      }
      guard isOurs(descriptor) else {
        throw SystemError(code: EPERM, call: "connect", subject: path)
      }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Whether the other end runs as this user.
  static func isOurs(_ descriptor: Int32) -> Bool {
    var pid = pid_t()
    var user = uid_t()
    return airloom_peer(descriptor, &pid, &user) == 0 && user == geteuid()
  }

  /// The process at the other end; nil where it cannot be seen from here.
  static func process(_ descriptor: Int32) -> pid_t? {
    var pid = pid_t()
    var user = uid_t()
    return airloom_peer(descriptor, &pid, &user) == 0 && pid > 0 ? pid : nil
  }

  /// Sends as much as goes; the number of bytes, 0 where the peer must read first.
  static func send(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(SystemError) -> Int {
    let count = Glibc.send(
      descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    if count >= 0 { return count }
    if errno == EAGAIN || errno == EINTR || errno == ENOBUFS { return 0 }
    throw SystemError(code: errno, call: "send")
  }

  /// Receives what is there: nil where nothing is; an end of the connection is an error.
  static func receive(
    into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32
  ) throws(SystemError) -> Int? {
    let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
    if count > 0 { return count }
    if count == 0 { throw SystemError(code: ECONNRESET, call: "recv") }
    if errno == EAGAIN || errno == EINTR { return nil }
    throw SystemError(code: errno, call: "recv")
  }

  private static func make() throws(SystemError) -> Int32 {
    try Syscall.check("socket") {
      socket(
        AF_UNIX,
        Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }
  }

  private static func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8) + [0]
    guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemError(code: ENAMETOOLONG, call: "bind", subject: path)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    var outcome: Swift.Result<Result, SystemError>?
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        do throws(SystemError) {
          outcome = .success(try body(address, socklen_t(MemoryLayout<sockaddr_un>.size)))
        } catch {
          outcome = .failure(error)
        }
      }
    }
    guard let outcome else { throw SystemError(code: EINVAL, call: "bind", subject: path) }
    return try outcome.get()
  }
}
