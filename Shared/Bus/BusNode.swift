public import Base
public import Messages
public import Storage
internal import Synchronization

/// A process's place on the bus: sends what its `Outbox` holds until it is acknowledged, applies
/// what others say exactly once, and passes telemetry.
///
/// It decides nothing: the protocol is `BusCore`, the network `PacketTransport`, the truth the
/// database. It runs on the database's own thread, so that reading the log, applying a message and
/// moving the place in the sender's log are never interleaved with anything else.
public actor BusNode {
  public nonisolated let node: NodeID

  let settings: TransportSettings
  let database: Database
  let handlers: BusHandlers
  let transport: any PacketTransport
  let time: any TimeSource
  let log: Logger

  var core: BusCore
  var shelf = SnapshotShelf()
  var links = LinkBook()
  /// How many messages of a source were applied one by one since the start; see `applyAlone`.
  var provenCounts: [Source: Int] = [:]
  /// Acknowledgements to be remembered with the next commit; they only serve pruning.
  var unsavedAcknowledgements: [Subscription: Int64] = [:]
  var appliedCount: Int64 = 0
  var refusedCount: Int64 = 0
  /// What the database refuses now, by what was being done.
  var faults: [String: String] = [:]
  private var failure: TransportError?
  private let inbox = BusInbox()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { database.unownedExecutor }

  /// Reads where this node stands from its database, which must have been opened with
  /// `BusSchema.schema`. Nothing is sent before `run`.
  ///
  /// - Throws: `StorageError`, or `TransportError` where the settings are wrong.
  public init(
    settings: TransportSettings, database: Database, outbox: Outbox, handlers: BusHandlers,
    log: Logger, time: any TimeSource = SystemTimeSource()
  ) async throws {
    try await self.init(
      settings: settings, database: database, outbox: outbox, handlers: handlers,
      transport: try ZmqTransport(settings), log: log, time: time)
  }

  init(
    settings: TransportSettings, database: Database, outbox: Outbox, handlers: BusHandlers,
    transport: any PacketTransport, log: Logger, time: any TimeSource
  ) async throws {
    node = settings.node
    self.settings = settings
    self.database = database
    self.handlers = handlers
    self.transport = transport
    self.time = time
    self.log = log
    let follows = settings.peers.keys.map { ($0, handlers.followed[$0] != nil) }
    let node = settings.node
    let seed = UInt64(bitPattern: time.now().microseconds)
    let inbox = inbox
    // Before the log is read, or what is appended in between would not be sent before the next.
    outbox.onAppend { channel, head in _ = inbox.add(.appended(channel, head)) }
    core = try await database.write { transaction in
      BusCore(
        node: node, incarnation: try MessageLog.incarnation(transaction),
        peers: Dictionary(uniqueKeysWithValues: follows),
        extents: try MessageLog.extents(transaction),
        acknowledged: try MessageLog.consumers(transaction),
        intakes: try PositionStore.intakes(transaction), seed: seed)
    }
    outbox.onAppend { channel, head in
      if inbox.add(.appended(channel, head)) { Task { await self.drain() } }
    }
  }

  /// Opens the sockets and works until the task is cancelled.
  ///
  /// - Throws: `TransportError` where the sockets cannot be opened or the network side dies.
  public func run() async throws {
    let inbox = inbox
    try transport.start(
      onPacket: { frames, source in
        if inbox.add(.packet(frames, source)) { Task { await self.drain() } }
      },
      onLink: { event in
        if inbox.add(.link(event)) { Task { await self.drain() } }
      })
    defer { transport.stop() }
    var round = 0
    while !Task.isCancelled {
      drain()
      tick(round)
      if let failure { throw failure }
      round += 1
      try? await Task.sleep(for: .milliseconds(100))
    }
    saveAcknowledgements()
  }

  /// Says something of which only the latest matters: to one node, or to all who listen. Lost without
  /// a word where nobody does.
  public nonisolated func report(_ message: some TelemetryMessage, to receiver: NodeID? = nil) {
    guard let packet = TelemetryPacket(message, from: node, to: receiver, at: time.now()) else {
      return
    }
    route(packet)
  }

  /// Replaces who may come in over TCP, at once and without touching the other connections.
  public nonisolated func replaceAllowedKeys(_ keys: KeyRing) {
    (transport as? ZmqTransport)?.replaceAllowedKeys(keys)
  }

  public func status() -> BusStatus {
    let behind = core.feeds.map { subscription, feed -> Int64 in
      guard let acknowledged = feed.acknowledged else { return 0 }
      return max(0, (core.extents[subscription.channel]?.head ?? 0) - acknowledged)
    }
    let setAside = try? inDatabase { try $0.read { try PositionStore.setAsideCount($0) } }
    return BusStatus(
      unacknowledged: behind.max() ?? 0, setAside: setAside ?? 0, refusedPackets: refusedCount,
      applied: appliedCount, peers: links.peers(settings.peers.keys.sorted()),
      fault: faults.sorted { $0.key < $1.key }.first?.value)
  }

  private func drain() {
    for item in inbox.takeAll() {
      switch item {
      case .appended(let channel, let head): perform(core.appended(to: channel, head: head))
      case .packet(let frames, let source): receive(frames, from: source)
      case .link(let event): note(event)
      }
    }
  }

  private func note(_ event: LinkEvent) {
    links.note(event)
    switch event {
    case .connected(let peer):
      log.debug("peer connected", ("peer", peer))
      perform(core.linkUp(peer, now: time.monotonic()))
    case .followed(let topic):
      if topic.hasPrefix("node/"), let peer = NodeID(String(topic.dropFirst(5))) {
        perform(core.linkUp(peer, now: time.monotonic()))
      }
    case .disconnected(let peer): log.debug("peer disconnected", ("peer", peer))
    case .abandoned: break
    case .handshakeFailed(let peer, let reason):
      log.warning("a connection was refused", ("peer", peer?.text ?? "unknown"), ("reason", reason))
    case .bindFailed(let reason): log.error("the bus cannot be reached", ("reason", reason))
    case .failed(let error): failure = error
    }
  }

  /// What must be done now and then; called every 100 ms.
  private func tick(_ round: Int) {
    perform(core.tick(now: time.monotonic()))
    if round % 10 == 0 {
      saveAcknowledgements()
      if settings.bind != nil, let extent = core.extents[.followers] {
        let beacon = Packet.beacon(incarnation: core.incarnation, head: extent.head)
        transport.publish(PacketCoding.encode(beacon, from: node), topic: Topic.all)
      }
    }
    if round % 100 == 99 { prune() }
  }
}

/// What waits for the node's thread, from the transport's thread and from commits.
final class BusInbox: Sendable {
  enum Item: Sendable {
    case appended(Channel, Int64)
    case packet([[UInt8]], PacketSource)
    case link(LinkEvent)
  }

  private let items = Mutex<[Item]>([])

  /// True when the item is the first, so that somebody must be woken to take it.
  func add(_ item: Item) -> Bool {
    items.withLock {
      $0.append(item)
      return $0.count == 1
    }
  }

  func takeAll() -> [Item] {
    items.withLock { items in
      defer { items = [] }
      return items
    }
  }
}
