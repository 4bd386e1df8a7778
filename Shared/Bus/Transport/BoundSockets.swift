internal import Base
internal import CZmq

/// Our own endpoints: the inbox (PULL) that peers push to and the outbox that they follow. Belongs
/// to the bus thread.
///
/// The outbox is an XPUB rather than a PUB: it tells who follows what, so that the core can say at
/// once what a newcomer must know, and `publish` can honestly say that nobody listens. VERBOSER,
/// so that each follower is told and not only the first of a topic. Without NODROP, as one slow
/// follower must never hold up the others: it misses packets, sees the hole and asks again.
final class BoundSockets {
  /// With the ports that the system chose, where any were left open.
  private(set) var endpoints: Endpoints
  private let context: ZmqContext
  private let queue: SendQueue
  private let curve: CurveIdentity?
  private let isInboxTCP: Bool
  let hasTCP: Bool
  private var inbox: Watched?
  private var outbox: Watched?
  private var followers: [String: Int] = [:]
  /// When to try again to open the endpoints.
  private(set) var dueAt: Monotonic?
  /// Tries to open them again that failed.
  private var failedTries = 0

  /// A busy address in the first tries is only the old socket on its way out (2 s of them).
  private static let quietTries = 100

  private struct Watched {
    let socket: ZmqSocket
    let monitor: SocketMonitor
    let isTCP: Bool
    var entry: Int?
    var monitorEntry: Int?

    mutating func register(in poller: inout ZmqPoller) {
      entry = poller.add(socket)
      monitorEntry = monitor.register(in: &poller)
    }

    func close() {
      monitor.close()
      socket.close()
    }
  }

  init(
    at endpoints: Endpoints, curve: CurveIdentity?, in context: ZmqContext, queue: SendQueue
  ) throws(TransportError) {
    self.endpoints = endpoints
    self.curve = curve
    self.context = context
    self.queue = queue
    isInboxTCP = try EndpointAddress(parsing: endpoints.inbox).isTCP
    hasTCP = try endpoints.hasTCP
    try open()
  }

  func close() {
    inbox?.close()
    outbox?.close()
    inbox = nil
    outbox = nil
  }

  /// Ends every connection over TCP, so that each must pass the authenticator again: ZAP asks only
  /// when a connection begins.
  func reopen(now: Monotonic) -> [LinkEvent] {
    close()
    dueAt = now
    failedTries = 0
    defer { followers = [:] }
    return followers.keys.sorted().map { topic in
      queue.setFollowed(false, topic)
      return .abandoned(topic: topic)
    }
  }

  /// libzmq gives an address back some time after the close, so it may take a few tries.
  func reopenIfDue(now: Monotonic) -> [LinkEvent] {
    guard let dueAt, dueAt <= now else { return [] }
    do throws(TransportError) {
      try open()
      self.dueAt = nil
      return []
    } catch {
      close()
      failedTries += 1
      self.dueAt = now + .milliseconds(failedTries < BoundSockets.quietTries ? 20 : 1000)
      guard failedTries == BoundSockets.quietTries else { return [] }
      return [.bindFailed(reason: error.description)]
    }
  }

  // MARK: One turn

  func register(in poller: inout ZmqPoller) {
    inbox?.register(in: &poller)
    outbox?.register(in: &poller)
  }

  /// Callers that did not get in, other than for their key.
  func failures(_ poller: ZmqPoller) throws(TransportError) -> [HandshakeFailure] {
    try failures(of: inbox, poller) + failures(of: outbox, poller)
  }

  /// Who came and went at the outbox.
  func followings(_ poller: ZmqPoller) throws(TransportError) -> [LinkEvent] {
    guard let outbox, poller.isReadable(outbox.entry) else { return [] }
    var events: [LinkEvent] = []
    while let message = try outbox.socket.receive() {
      guard let frame = message.frames.first, let verb = frame.first, verb <= 1,
        let topic = Topic.parse(frame.dropFirst())
      else { continue }
      let count = max(0, followers[topic, default: 0] + (verb == 1 ? 1 : -1))
      followers[topic] = count == 0 ? nil : count
      queue.setFollowed(count > 0, topic)
      if verb == 1 { events.append(.followed(topic: topic)) }
      if count == 0 { events.append(.abandoned(topic: topic)) }
    }
    return events
  }

  /// Hands over the packets that wait at the inbox, at most `most`.
  func receive(
    _ poller: ZmqPoller, most: Int, keys: KeyRing, _ deliver: ([[UInt8]], PacketSource) -> Void
  ) throws(TransportError) {
    guard let inbox, poller.isReadable(inbox.entry) else { return }
    for _ in 0..<most {
      guard let message = try inbox.socket.receive(wantsUserID: isInboxTCP) else { return }
      let sender = message.userID.flatMap { keys.owner(ofKeyText: $0) }
      guard !message.isOversized, !isInboxTCP || sender != nil else {
        queue.count { $0.refusedToReceive += 1 }
        continue
      }
      queue.count { $0.received += 1 }
      deliver(message.frames, .inbox(authenticated: sender))
    }
  }

  func publish(_ frames: [[UInt8]]) throws(TransportError) {
    if case .yes? = try outbox?.socket.send(frames) {
      queue.count { $0.sent += 1 }
    } else {
      queue.count { $0.lost += 1 }
    }
  }

  // MARK: Private

  private func failures(
    of watched: Watched?, _ poller: ZmqPoller
  ) throws(TransportError) -> [HandshakeFailure] {
    guard let watched, poller.isReadable(watched.monitorEntry) else { return [] }
    var failures: [HandshakeFailure] = []
    while let event = try watched.monitor.next() {
      guard case .handshakeFailed(let failure) = event else { continue }
      // The authenticator tells of a refusal itself, with the key. Over ipc there are no keys that
      // could be wrong: a caller that hangs up has only ended.
      if case .refused = failure { continue }
      if watched.isTCP || !failure.isVague { failures.append(failure) }
    }
    return failures
  }

  private func open() throws(TransportError) {
    inbox = try open(.pull, endpoints.inbox, ZmqSocket.pushHighWater)
    outbox = try open(.xpub, endpoints.outbox, ZmqSocket.publishHighWater)
    if let inbox, let outbox {
      endpoints.inbox = try inbox.socket.lastEndpoint()
      endpoints.outbox = try outbox.socket.lastEndpoint()
    }
  }

  private func open(
    _ kind: ZmqSocket.Kind, _ endpoint: String, _ highWater: Int32
  ) throws(TransportError) -> Watched {
    let socket = try context.makeSocket(kind)
    let address = try EndpointAddress(parsing: endpoint)
    switch address {
    case .ipc(let path):
      try socket.configure(highWater: highWater, security: .folder)
      try IpcSocketFile.prepare(path)
    case .tcp:
      guard let curve else {
        throw TransportError(.keys, "\(endpoint) is open to the network and needs a key pair.")
      }
      try socket.configure(highWater: highWater, security: .curveServer(curve))
    }
    if kind == .xpub { try socket.set(ZMQ_XPUB_VERBOSER, to: Int32(1), "ZMQ_XPUB_VERBOSER") }
    let monitor = try SocketMonitor(socket, in: context)
    try socket.bind(endpoint)
    return Watched(socket: socket, monitor: monitor, isTCP: address.isTCP)
  }
}
