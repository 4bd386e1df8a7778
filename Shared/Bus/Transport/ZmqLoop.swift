internal import Base

/// Everything of a transport that touches a socket: made on the starting thread, then run on the
/// bus thread until it is told to stop.
///
/// `@unchecked Sendable`: `init` runs before the bus thread exists, starting a thread is the memory
/// barrier that libzmq asks for when sockets move (zmq_socket(3)), and `run` is called once.
final class ZmqLoop: @unchecked Sendable {
  struct Handlers: Sendable {
    let onPacket: @Sendable ([[UInt8]], PacketSource) -> Void
    let onLink: @Sendable (LinkEvent) -> Void
  }

  /// Packets from one socket before the others have their turn.
  private static let batch = 256

  private let settings: TransportSettings
  private let queue: SendQueue
  private let handlers: Handlers
  private let time = SystemTimeSource()
  private var context: ZmqContext?
  private var authenticator: ZapAuthenticator?
  private var bound: BoundSockets?
  private var links: [NodeID: PeerLink] = [:]
  private var keys: KeyRing
  private var poller = ZmqPoller()
  private var wakeEntry: Int?
  private var strangers: FailureThrottle

  init(
    _ settings: TransportSettings, queue: SendQueue, handlers: Handlers
  ) throws(TransportError) {
    self.settings = settings
    self.queue = queue
    self.handlers = handlers
    keys = settings.allowedKeys
    strangers = FailureThrottle(now: time.monotonic())
    let context = try ZmqContext()
    self.context = context
    // Before anything is bound, so that no handshake finds it missing.
    if settings.curve != nil { authenticator = try ZapAuthenticator(in: context, keys: keys) }
    bound = try settings.bind.map { endpoints throws(TransportError) in
      try BoundSockets(at: endpoints, curve: settings.curve, in: context, queue: queue)
    }
    for (peer, endpoints) in settings.peers { try dial(peer, at: endpoints) }
  }

  var boundEndpoints: Endpoints? { bound?.endpoints }

  /// Returns when the queue asks to stop, or after an error, with everything closed.
  func run() {
    queue.open()
    var failure: TransportError?
    do throws(TransportError) {
      while !queue.isStopping { try turn() }
    } catch { failure = error }
    queue.requestStop()
    closeAll()
    if let failure { handlers.onLink(.failed(failure)) }
  }

  private func closeAll() {
    for link in links.values { link.close() }
    links = [:]
    bound?.close()
    bound = nil
    authenticator?.close()
    authenticator = nil
    // The last reference: waits for the I/O thread, which has nothing left to send.
    context = nil
  }

  // MARK: One turn

  private func turn() throws(TransportError) {
    poller.clear()
    wakeEntry = poller.add(descriptor: queue.wake.descriptor)
    authenticator?.register(in: &poller)
    bound?.register(in: &poller)
    for link in links.values { link.register(in: &poller) }
    try poller.wait(for: timeToNextDuty())
    let now = time.monotonic()
    try serveConnections(now: now)
    try serveSenders(now: now)
    try deliver()
    tell(bound?.reopenIfDue(now: now) ?? [])
    for link in links.values { try link.redialIfDue(now: now) }
  }

  private func timeToNextDuty() -> Duration? {
    let dues = links.values.compactMap(\.dueAt) + [bound?.dueAt, strangers.dueAt].compactMap { $0 }
    return dues.min().map { max(.zero, $0 - time.monotonic()) }
  }

  private func serveConnections(now: Monotonic) throws(TransportError) {
    for refusal in try authenticator?.serve(poller) ?? [] { strangers.add(refusal.reason) }
    for failure in try bound?.failures(poller) ?? [] { strangers.add(failure.reasonAsCalled) }
    if let reason = strangers.next(now: now) { tell([.handshakeFailed(nil, reason: reason)]) }
    tell(try bound?.followings(poller) ?? [])
    for link in links.values { tell(try link.linkEvents(poller, now: now)) }
  }

  private func serveSenders(now: Monotonic) throws(TransportError) {
    for link in links.values { try link.flush(poller) }
    guard poller.isReadable(wakeEntry) else { return }
    for item in queue.takeAll() {
      switch item {
      case .push(let frames, let peer): try links[peer]?.send(frames)
      case .publish(let frames): try bound?.publish(frames)
      case .replaceKeys(let keys): try replaceKeys(keys, now: now)
      }
    }
  }

  private func deliver() throws(TransportError) {
    try bound?.receive(poller, most: ZmqLoop.batch, keys: keys, handlers.onPacket)
    for link in links.values {
      try link.receive(poller, most: ZmqLoop.batch, handlers.onPacket)
    }
  }

  private func tell(_ events: [LinkEvent]) {
    for event in events { handlers.onLink(event) }
  }

  // MARK: Keys

  private func replaceKeys(_ new: KeyRing, now: Monotonic) throws(TransportError) {
    let old = keys
    keys = new
    authenticator?.keys = new
    // Somebody must leave: packets of that key are refused from here on, and the sockets are opened
    // anew, for it would go on reading our outbox.
    if old.hasKeyMissing(from: new), let bound, bound.hasTCP { tell(bound.reopen(now: now)) }
    for (peer, endpoints) in settings.peers {
      guard try endpoints.hasTCP, old.key(of: peer) != new.key(of: peer) else { continue }
      try changeKey(of: peer, at: endpoints, to: new.key(of: peer), now: now)
    }
  }

  private func changeKey(
    of peer: NodeID, at endpoints: Endpoints, to key: CurvePublicKey?, now: Monotonic
  ) throws(TransportError) {
    switch (links[peer], key) {
    case (let link?, let key?): tell(try link.useKey(key, now: now))
    case (nil, _?): try dial(peer, at: endpoints)
    case (let link?, nil):
      let wasConnected = link.isConnected
      link.close()
      links[peer] = nil
      if wasConnected { tell([.disconnected(peer)]) }
      tell([
        .handshakeFailed(peer, reason: "its key was taken from the authorized keys: not dialled")
      ])
    case (nil, nil): break
    }
  }

  private func dial(_ peer: NodeID, at endpoints: Endpoints) throws(TransportError) {
    guard let context else { return }
    var current = settings
    current.allowedKeys = keys
    links[peer] = try PeerLink(
      to: peer, at: endpoints, from: current, in: context, queue: queue, now: time.monotonic())
  }
}
