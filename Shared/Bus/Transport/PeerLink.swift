internal import Base

/// Both ways to one peer: our PUSH to its inbox, our SUB on its outbox. Belongs to the bus thread.
final class PeerLink {
  let peer: NodeID
  private let queue: SendQueue
  private let identity: CurveIdentity?
  private let isTCP: (inbox: Bool, outbox: Bool)
  private let pushing: DialledSocket
  private let following: DialledSocket
  private let topics: Set<[UInt8]>
  /// Taken from senders while the peer was at its high-water mark; at most one batch, as the queue
  /// refuses more until it is empty.
  private var pending: ArraySlice<[[UInt8]]> = []
  private(set) var isConnected = false
  private var pushEntry: Int?
  private var followEntry: Int?

  init(
    to peer: NodeID, at endpoints: Endpoints, from settings: TransportSettings,
    in context: ZmqContext, queue: SendQueue, now: Monotonic
  ) throws(TransportError) {
    self.peer = peer
    self.queue = queue
    identity = settings.curve
    isTCP = (
      inbox: try EndpointAddress(parsing: endpoints.inbox).isTCP,
      outbox: try EndpointAddress(parsing: endpoints.outbox).isTCP
    )
    let wire = [Topic.wireForm(Topic.all), Topic.wireForm(Topic.node(settings.node))]
    topics = Set(wire)
    let key = settings.allowedKeys.key(of: peer)
    pushing = try DialledSocket(
      .push, to: endpoints.inbox, in: context,
      security: PeerLink.security(isTCP: isTCP.inbox, settings.curve, key), now: now)
    following = try DialledSocket(
      .follow(wire), to: endpoints.outbox, in: context,
      security: PeerLink.security(isTCP: isTCP.outbox, settings.curve, key), now: now)
  }

  var dueAt: Monotonic? {
    [pushing.dueAt, following.dueAt].compactMap { $0 }.min()
  }

  /// For good; what waited is lost.
  func close() {
    let count = pending.count
    queue.count { $0.lost += count }
    queue.setTaking(false, peer)
    pending = []
    pushing.close()
    following.close()
  }

  func redialIfDue(now: Monotonic) throws(TransportError) {
    try pushing.redialIfDue(now: now)
    try following.redialIfDue(now: now)
  }

  /// The peer must prove another key from now on.
  func useKey(_ key: CurvePublicKey, now: Monotonic) throws(TransportError) -> [LinkEvent] {
    if isTCP.inbox {
      try pushing.redial(PeerLink.security(isTCP: true, identity, key), now: now)
    }
    if isTCP.outbox {
      try following.redial(PeerLink.security(isTCP: true, identity, key), now: now)
    }
    return settle()
  }

  // MARK: One turn

  func register(in poller: inout ZmqPoller) {
    pushing.registerMonitor(in: &poller)
    following.registerMonitor(in: &poller)
    pushEntry =
      pending.isEmpty
      ? nil : pushing.socket.map { poller.add($0, isWriting: true, isReading: false) }
    followEntry = following.socket.map { poller.add($0) }
  }

  func linkEvents(_ poller: ZmqPoller, now: Monotonic) throws(TransportError) -> [LinkEvent] {
    let changes = try pushing.changes(poller, now: now) + following.changes(poller, now: now)
    guard !changes.isEmpty else { return [] }
    var failures: [LinkEvent] = []
    var wasDown = false
    for change in changes {
      switch change {
      case .up: break
      case .down: wasDown = true
      case .failed(let reason): failures.append(.handshakeFailed(peer, reason: reason))
      }
    }
    return settle(wasDown: wasDown) + failures
  }

  /// Hands over the packets that wait at the peer's outbox, at most `most`.
  func receive(
    _ poller: ZmqPoller, most: Int, _ deliver: ([[UInt8]], PacketSource) -> Void
  ) throws(TransportError) {
    guard poller.isReadable(followEntry), let socket = following.socket else { return }
    for _ in 0..<most {
      guard let message = try socket.receive() else { return }
      // Prefixes are what libzmq compares; only the whole topic is ours.
      guard !message.isOversized, message.frames.count > 1, topics.contains(message.frames[0])
      else {
        queue.count { $0.refusedToReceive += 1 }
        continue
      }
      queue.count { $0.received += 1 }
      deliver(Array(message.frames.dropFirst()), .outbox(of: peer))
    }
  }

  func send(_ frames: [[UInt8]]) throws(TransportError) {
    guard pushing.isUp, let socket = pushing.socket else {
      queue.count { $0.lost += 1 }
      return
    }
    if pending.isEmpty, try hand(frames, to: socket) { return }
    if pending.isEmpty { queue.setTaking(false, peer) }
    pending.append(frames)
  }

  /// Goes on with what waited for the high-water mark.
  func flush(_ poller: ZmqPoller) throws(TransportError) {
    guard poller.isWritable(pushEntry), let socket = pushing.socket else { return }
    while let frames = pending.first {
      guard try hand(frames, to: socket) else { return }
      pending.removeFirst()
    }
    pending = []
    if pushing.isUp { queue.setTaking(true, peer) }
  }

  /// False when the high-water mark is reached.
  private func hand(_ frames: [[UInt8]], to socket: ZmqSocket) throws(TransportError) -> Bool {
    switch try socket.send(frames) {
    case .yes: queue.count { $0.sent += 1 }
    case .lost: queue.count { $0.lost += 1 }
    case .refused: return false
    }
    return true
  }

  /// Brings what senders see into line with the sockets. A connection that was lost and is back
  /// within one turn is told as both, for what was under way is lost.
  private func settle(wasDown: Bool = false) -> [LinkEvent] {
    if !pushing.isUp, !pending.isEmpty {
      let count = pending.count
      queue.count { $0.lost += count }
      pending = []
    }
    queue.setTaking(pushing.isUp && pending.isEmpty, peer)
    let wasConnected = isConnected
    isConnected = pushing.isUp && following.isUp
    var events: [LinkEvent] = []
    if wasConnected && (wasDown || !isConnected) { events.append(.disconnected(peer)) }
    if isConnected && (wasDown || !wasConnected) { events.append(.connected(peer)) }
    return events
  }

  private static func security(
    isTCP: Bool, _ identity: CurveIdentity?, _ key: CurvePublicKey?
  ) throws(TransportError) -> SocketSecurity {
    guard isTCP else { return .folder }
    guard let identity, let key else {
      throw TransportError(.keys, "A connection over the network needs the keys of both sides.")
    }
    return .curveClient(identity, peer: key)
  }
}
