public import Base
internal import Glibc
internal import Synchronization

/// A TCP proxy on the loopback interface that breaks the line at a chosen byte.
///
/// It forwards to one port of this host until its fault is due. Each connection has a thread of its
/// own; all end when the proxy goes.
public final class ChaosProxy: Sendable {
  public enum Fault: Hashable, Sendable {
    case none
    /// Both ends get a reset once the client has sent that many bytes on one connection.
    case cutAfterSent(Int)
    /// The same for bytes that came from the server.
    case cutAfterReceived(Int)
    /// Nothing goes through any more, and nobody is told.
    case stallAfterSent(Int)
  }

  public let port: UInt16
  private let shared: Shared
  private let listener: Int32

  public init(to target: UInt16, fault: Fault = .none) throws(SystemError) {
    listener = try Syscall.check("socket") {
      socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    let listener = listener
    port = try ChaosProxy.listen(listener)
    let shared = Shared(target: target, fault: fault)
    self.shared = shared
    BackgroundThread(named: "chaos-proxy") { ChaosProxy.accept(on: listener, shared) }.start()
  }

  deinit {
    shared.state.withLock { $0.isStopped = true }
    // Wakes the accepting thread; it closes the descriptor.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  /// Holds for running connections too.
  public func set(_ fault: Fault) { shared.state.withLock { $0.fault = fault } }

  /// Bytes that all clients sent and that were forwarded.
  public var bytesSent: Int { shared.state.withLock { $0.bytesSent } }

  public var connections: Int { shared.state.withLock { $0.connections } }

  private final class Shared: Sendable {
    struct State {
      var fault: Fault
      var isStopped = false
      var bytesSent = 0
      var connections = 0
    }

    let target: UInt16
    let state: Mutex<State>

    init(target: UInt16, fault: Fault) {
      self.target = target
      state = Mutex(State(fault: fault))
    }
  }

  private static func listen(_ descriptor: Int32) throws(SystemError) -> UInt16 {
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let size = length
    try Syscall.check("bind") { withAddress(&address) { bind(descriptor, $0, size) } }
    try Syscall.check("listen") { Glibc.listen(descriptor, 64) }
    try Syscall.check("getsockname") {
      withAddress(&address) { getsockname(descriptor, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func accept(on listener: Int32, _ shared: Shared) {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 && errno == EINTR { continue }
      if client < 0 || shared.state.withLock({ $0.isStopped }) { break }
      shared.state.withLock { $0.connections += 1 }
      BackgroundThread(named: "chaos-line") {
        forward(client, shared)
      }.start()
    }
    close(listener)
  }

  private static func forward(_ client: Int32, _ shared: Shared) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(shared.target)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withAddress(&address) { connect(server, $0, size) } == 0
    if isConnected { carry(client, server, shared) }
    for descriptor in [client, server] { reset(descriptor) }
  }

  /// Carries bytes both ways until an end closes or a cut is due.
  private static func carry(_ client: Int32, _ server: Int32, _ shared: Shared) {
    var sent = 0
    var received = 0
    while !shared.state.withLock({ $0.isStopped }) {
      let fault = shared.state.withLock { $0.fault }
      if case .stallAfterSent(let limit) = fault, sent >= limit {
        usleep(10_000)
        continue
      }
      var waiting = [
        pollfd(fd: client, events: Int16(POLLIN), revents: 0),
        pollfd(fd: server, events: Int16(POLLIN), revents: 0),
      ]
      // Short, so that a new fault and the end are noticed.
      _ = poll(&waiting, 2, 20)
      if waiting[0].revents != 0 {
        let count = pass(client, server, atMost: allowance(fault, sent: sent))
        guard count > 0 else { return }
        sent += count
        shared.state.withLock { $0.bytesSent += count }
      }
      if waiting[1].revents != 0 {
        let count = pass(server, client, atMost: allowance(fault, received: received))
        guard count > 0 else { return }
        received += count
      }
      if case .cutAfterSent(let limit) = fault, sent >= limit { return }
      if case .cutAfterReceived(let limit) = fault, received >= limit { return }
    }
  }

  private static func allowance(_ fault: Fault, sent: Int) -> Int {
    switch fault {
    case .cutAfterSent(let limit), .stallAfterSent(let limit): max(1, limit - sent)
    case .none, .cutAfterReceived: .max
    }
  }

  private static func allowance(_ fault: Fault, received: Int) -> Int {
    if case .cutAfterReceived(let limit) = fault { return max(1, limit - received) }
    return .max
  }

  private static func pass(_ from: Int32, _ to: Int32, atMost limit: Int) -> Int {
    var buffer = [UInt8](repeating: 0, count: min(1 << 16, limit))
    let count = recv(from, &buffer, buffer.count, 0)
    guard count > 0 else { return count }
    var done = 0
    while done < count {
      let written = buffer[done..<count].withUnsafeBytes {
        send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard written > 0 else { return -1 }
      done += written
    }
    return count
  }

  /// Closes with RST, so that neither end sees an orderly end.
  private static func reset(_ descriptor: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func withAddress<Result>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
  ) -> Result {
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
  }
}
