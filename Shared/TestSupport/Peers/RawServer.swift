internal import Base
internal import Glibc
internal import Synchronization

/// A server that says exactly the bytes that a test wants said, for what no well-behaved server
/// does: lying lengths, SHOUTcast replies, silence, connections cut in the middle.
///
/// `@unchecked Sendable`: the descriptor and port are immutable, all else is in the mutex.
public final class RawServer: @unchecked Sendable {
  /// One accepted connection; closed when the script returns.
  public struct Connection {
    let descriptor: Int32

    /// False once the client has gone.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { return false }
        sent += count
      }
      return true
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Blocks until the client closes its side or breaks off.
    public func waitForClose() {
      var byte: UInt8 = 0
      while recv(descriptor, &byte, 1, 0) > 0 {}
    }
  }

  private let listener: Int32
  public let port: UInt16
  private let requests = Mutex<[String]>([])
  private let script: @Sendable (Connection, String) -> Void

  /// The script runs on a thread of its own for each connection, after the request's head was read.
  public init(script: @escaping @Sendable (Connection, String) -> Void) throws {
    self.script = script
    listener = try Syscall.check("socket") {
      socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    port = try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = try Syscall.check("bind") { bind(descriptor, generic, length) }
        _ = try Syscall.check("listen") { listen(descriptor, 64) }
        _ = try Syscall.check("getsockname") { getsockname(descriptor, generic, &length) }
      }
      return UInt16(bigEndian: pointer.pointee.sin_port)
    }
    let accept = BackgroundThread(named: "raw-server") { [weak self] in
      while true {
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0, let self else { return }
        self.serve(connection)
      }
    }
    accept.start()
  }

  deinit {
    // Wakes the accepting thread, which close alone does not.
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  public var url: String { "http://127.0.0.1:\(port)/" }

  /// The heads of all requests so far, with their lines.
  public var received: [String] { requests.withLock { $0 } }

  private func serve(_ descriptor: Int32) {
    let thread = BackgroundThread(named: "raw-client") { [self] in
      defer { close(descriptor) }
      guard let head = RawServer.readHead(descriptor) else { return }
      requests.withLock { $0.append(head) }
      script(Connection(descriptor: descriptor), head)
      shutdown(descriptor, Int32(SHUT_WR))
    }
    thread.start()
  }

  private static func readHead(_ descriptor: Int32) -> String? {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
      guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
      head.append(byte)
    }
    return String(decoding: head, as: UTF8.self)
  }
}
