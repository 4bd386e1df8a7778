internal import Base
internal import CZmq

/// One way to a peer: a connecting socket with its monitor, replaced by a new one where libzmq
/// would not dial again. Belongs to the bus thread.
final class DialledSocket {
  enum Role {
    /// To the peer's inbox.
    case push
    /// The peer's outbox, with these topics of it in wire form.
    case follow([[UInt8]])
  }

  enum Change {
    case up
    case down
    case failed(reason: String)
  }

  /// nil while parked.
  private(set) var socket: ZmqSocket?
  private let context: ZmqContext
  private let endpoint: String
  private let role: Role
  private var security: SocketSecurity
  private var monitor: SocketMonitor?
  private var monitorEntry: Int?
  private var supervisor = DialSupervisor()

  init(
    _ role: Role, to endpoint: String, in context: ZmqContext, security: SocketSecurity,
    now: Monotonic
  ) throws(TransportError) {
    self.role = role
    self.endpoint = endpoint
    self.context = context
    self.security = security
    try dial(now: now)
  }

  var isUp: Bool { supervisor.isUp }
  var dueAt: Monotonic? { supervisor.dueAt }

  func close() {
    monitor?.close()
    monitor = nil
    socket?.close()
    socket = nil
  }

  /// Starts over, with another key for the peer.
  func redial(_ security: SocketSecurity, now: Monotonic) throws(TransportError) {
    self.security = security
    try dial(now: now)
  }

  func redialIfDue(now: Monotonic) throws(TransportError) {
    if supervisor.isDue(now: now) { try dial(now: now) }
  }

  func registerMonitor(in poller: inout ZmqPoller) {
    monitorEntry = monitor?.register(in: &poller)
  }

  /// What became of the connection. A parked socket is closed when this returns.
  func changes(_ poller: ZmqPoller, now: Monotonic) throws(TransportError) -> [Change] {
    guard poller.isReadable(monitorEntry) else { return [] }
    var changes: [Change] = []
    while let event = try monitor?.next() {
      switch supervisor.handle(event, now: now) {
      case .cameUp: changes.append(.up)
      case .wentDown: changes.append(.down)
      case .park(let reason):
        if let reason { changes.append(.failed(reason: reason)) }
        close()
      case nil: break
      }
    }
    return changes
  }

  private func dial(now: Monotonic) throws(TransportError) {
    close()
    let isPush = if case .push = role { true } else { false }
    let socket = try context.makeSocket(isPush ? .push : .sub)
    self.socket = socket
    try socket.configure(
      highWater: isPush ? ZmqSocket.pushHighWater : ZmqSocket.publishHighWater, security: security)
    if case .follow(let topics) = role {
      for topic in topics { try socket.set(ZMQ_SUBSCRIBE, to: topic, "ZMQ_SUBSCRIBE") }
    }
    monitor = try SocketMonitor(socket, in: context)
    try socket.connect(endpoint)
    supervisor.dialled(now: now)
  }
}
