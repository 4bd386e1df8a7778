internal import Base

/// The protocol of docs/protocol.md as a pure state machine: (state, input, now) → outputs.
///
/// It knows numbers, not messages: it says what to read from the log and whom to send it, what to
/// apply and what to ask for. The node around it (`BusNode`, or the simulator) does the reading,
/// the sending and the transactions. Nothing here reads a clock, a socket or a database.
struct BusCore: Sendable {
  enum Output: Hashable, Sendable {
    case send(Packet, to: NodeID)
    /// Read the log's entries of the channel after the number, send a run of them, and report with
    /// `transmitted`.
    case transmit(Subscription, after: Int64)
    /// Remember, with the next commit, that the consumer has applied all up to here.
    case remember(Subscription, acknowledged: Int64)
    /// Store this as the place in the source's log.
    case adopt(Source, Position)
    /// The producer no longer holds what was never received: entries of this source are lost.
    case reportLoss(Source)
  }

  let node: NodeID
  let incarnation: Incarnation
  /// Those that this node connects to, and whether it follows them.
  let peers: [NodeID: Bool]
  /// What this node's own log offers.
  private(set) var extents: [Channel: Extent]
  private(set) var feeds: [Subscription: Feed]
  private(set) var intakes: [Source: Intake]
  private(set) var snapshots: [NodeID: SnapshotIntake] = [:]
  private var greetAt: [NodeID: Monotonic] = [:]
  private var generator: SplitMix64

  static let greetingInterval = Duration.seconds(5)
  static let strangerInterval = Duration.milliseconds(500)

  init(
    node: NodeID, incarnation: Incarnation, peers: [NodeID: Bool],
    extents: [Channel: Extent], acknowledged: [Subscription: Int64],
    intakes: [Source: Intake], seed: UInt64
  ) {
    self.node = node
    self.incarnation = incarnation
    self.peers = peers
    self.extents = extents
    feeds = acknowledged.mapValues { Feed(acknowledged: $0) }
    self.intakes = intakes
    generator = SplitMix64(seed: seed)
  }

  // MARK: As a producer

  /// Entries were appended (committed) to the channel.
  mutating func appended(to channel: Channel, head: Int64) -> [Output] {
    raise(channel, to: head)
    let pruned = extents[channel]?.pruned ?? 0
    if case .node(let consumer) = channel {
      let subscription = Subscription(consumer: consumer, channel: channel)
      // The first entry for a node that has not greeted: send it from the beginning.
      if feeds[subscription] == nil { feeds[subscription] = Feed(acknowledged: pruned) }
      return runs(for: subscription)
    }
    return feeds.keys.filter { $0.channel == channel }.sorted(by: Subscription.inOrder)
      .flatMap { runs(for: $0) }
  }

  private mutating func raise(_ channel: Channel, to head: Int64) {
    let extent = extents[channel] ?? Extent(pruned: 0, head: 0)
    extents[channel] = Extent(pruned: extent.pruned, head: max(extent.head, head))
  }

  /// Entries up to `through` were deleted from the log. Whoever stands before that (a follower that
  /// was forgotten) is sent nothing more until it has said where it stands: a run that began after
  /// the deleted ones would name the old place as the one before it, and the hole would not be seen.
  mutating func pruned(_ channel: Channel, through: Int64) {
    guard let extent = extents[channel] else { return }
    extents[channel] = Extent(pruned: max(extent.pruned, through), head: extent.head)
    for subscription in feeds.keys where subscription.channel == channel {
      guard let acknowledged = feeds[subscription]?.acknowledged, acknowledged < through else {
        continue
      }
      feeds[subscription]?.park()
    }
  }

  /// A run that was asked for is on its way, up to `last`; `nil` where it could not be sent.
  mutating func transmitted(
    _ subscription: Subscription, through last: Int64?, now: Monotonic
  ) -> [Output] {
    guard let last else {
      // As if it had been lost: the resend time is set, nothing more goes out before it.
      feeds[subscription]?.transmitted(
        through: extents[subscription.channel]?.head ?? 0, now: now, using: &generator)
      return []
    }
    // The run may hold entries whose `appended` is still to come; their acknowledgement may not.
    raise(subscription.channel, to: last)
    feeds[subscription]?.transmitted(through: last, now: now, using: &generator)
    return runs(for: subscription)
  }

  private func runs(for subscription: Subscription) -> [Output] {
    let head = extents[subscription.channel]?.head ?? 0
    return feeds[subscription]?.nextRun(head: head).map { [.transmit(subscription, after: $0)] }
      ?? []
  }

  // MARK: As a consumer

  func admit(_ source: Source, _ run: EntryRun, at index: Int) -> Intake.Admission {
    let previous = index == 0 ? run.previous : run.entries[index - 1].sequence
    return intakes[source, default: Intake()].admit(
      incarnation: run.incarnation, previous: previous, sequence: run.entries[index].sequence)
  }

  /// The effects of the source's entries up to `cursor` are committed.
  mutating func applied(_ source: Source, through cursor: Int64) -> [Output] {
    intakes[source]?.advance(to: cursor)
    return acknowledgement(of: source)
  }

  /// What to answer to a run of which nothing could be applied.
  mutating func unapplied(
    _ source: Source, _ admission: Intake.Admission, now: Monotonic
  ) -> [Output] {
    switch admission {
    case .apply: return []
    case .duplicate: return acknowledgement(of: source)
    case .stranger: return greetStranger(source.producer, now: now)
    case .hole: return askAgain(source, now: now)
    }
  }

  private func acknowledgement(of source: Source) -> [Output] {
    guard let position = intakes[source]?.position else { return [] }
    return [
      .send(.acknowledgement(channel: source.channel, position: position), to: source.producer)
    ]
  }

  private mutating func askAgain(_ source: Source, now: Monotonic) -> [Output] {
    guard snapshots[source.producer] == nil || source.channel != .followers,
      intakes[source]?.mayAskAgain(now: now) == true,
      let position = intakes[source]?.position
    else { return [] }
    return [.send(.again(channel: source.channel, position: position), to: source.producer)]
  }

  /// A complete snapshot is committed, and with it its position.
  mutating func tookSnapshot(from producer: NodeID, _ position: Position) -> [Output] {
    snapshots[producer] = nil
    let source = Source(producer: producer, channel: .followers)
    intakes[source, default: Intake()].reset(to: position)
    // "Again" rather than an acknowledgement: the feed over there may be parked.
    return [.send(.again(channel: .followers, position: position), to: producer)]
  }

  /// A complete snapshot could not be stored: take another a little later.
  mutating func failedToStoreSnapshot(from producer: NodeID, now: Monotonic) {
    snapshots[producer] = SnapshotIntake(id: newID(), now: now + SnapshotIntake.patience)
  }

  // MARK: Both

  mutating func receive(_ packet: Packet, from peer: NodeID, now: Monotonic) -> [Output] {
    switch packet {
    case .greeting(let greeting): receive(greeting, from: peer, now: now)
    case .acknowledgement(let channel, let position):
      acknowledge(Subscription(consumer: peer, channel: channel), position, now: now)
    case .again(let channel, let position):
      rewind(Subscription(consumer: peer, channel: channel), position)
    case .beacon(let incarnation, let head): beacon(from: peer, incarnation, head, now: now)
    case .entries, .snapshotRequest, .snapshotPart: []
    }
  }

  /// A part of a snapshot came in; the step says what to do with it.
  mutating func receive(
    _ part: SnapshotPart, from producer: NodeID, now: Monotonic
  ) -> SnapshotIntake.Step {
    snapshots[producer]?.receive(part, now: now) ?? .ignore
  }

  /// Time has passed: greet, send again, ask again.
  mutating func tick(now: Monotonic) -> [Output] {
    var outputs: [Output] = []
    for peer in peers.keys.sorted() where greetAt[peer].map({ now >= $0 }) ?? true {
      outputs += greet(peer, wantsReply: true, now: now)
    }
    for subscription in feeds.keys.sorted(by: Subscription.inOrder) {
      if feeds[subscription]?.isDueForResend(now: now) == true {
        outputs += runs(for: subscription)
      }
    }
    for producer in snapshots.keys.sorted() {
      let fresh = newID()
      if let part = snapshots[producer]?.due(now: now, freshID: fresh),
        let id = snapshots[producer]?.id
      {
        outputs.append(.send(.snapshotRequest(id: id, part: part), to: producer))
      }
    }
    return outputs
  }

  /// The connection to a peer came up: greet it now.
  mutating func linkUp(_ peer: NodeID, now: Monotonic) -> [Output] {
    greet(peer, wantsReply: true, now: now)
  }

  /// Greets one whose packets cannot be placed, but not for every packet: a greeting has up to four
  /// runs sent again, and were each of them answered by a greeting, two nodes that cannot agree (a
  /// retired incarnation) would drown each other.
  private mutating func greetStranger(_ peer: NodeID, now: Monotonic) -> [Output] {
    if let next = greetAt[peer],
      now < next - BusCore.greetingInterval + BusCore.strangerInterval
    {
      return []
    }
    return greet(peer, wantsReply: true, now: now)
  }

  private mutating func greet(_ peer: NodeID, wantsReply: Bool, now: Monotonic) -> [Output] {
    if wantsReply { greetAt[peer] = now + BusCore.greetingInterval }
    var positions: [Channel: Position] = [:]
    for channel in [Channel.node(node), .followers] {
      positions[channel] = intakes[Source(producer: peer, channel: channel)]?.position
    }
    var offered: [Channel: Extent] = [:]
    for channel in [Channel.node(peer), .followers] {
      offered[channel] = extents[channel] ?? Extent(pruned: 0, head: 0)
    }
    let greeting = Greeting(
      incarnation: incarnation, wantsReply: wantsReply, follows: peers[peer] ?? false,
      positions: positions, extents: offered)
    return [.send(.greeting(greeting), to: peer)]
  }

  private mutating func receive(
    _ greeting: Greeting, from peer: NodeID, now: Monotonic
  ) -> [Output] {
    var outputs: [Output] = []
    outputs += place(peer, greeting, channel: .node(peer))
    if greeting.follows { outputs += place(peer, greeting, channel: .followers) }
    outputs += follow(peer, greeting, now: now)
    if greeting.wantsReply { outputs += greet(peer, wantsReply: false, now: now) }
    return outputs
  }

  /// The consumer's word about where it stands in this node's log.
  private mutating func place(
    _ peer: NodeID, _ greeting: Greeting, channel: Channel
  ) -> [Output] {
    let subscription = Subscription(consumer: peer, channel: channel)
    let pruned = extents[channel]?.pruned ?? 0
    // A number above the head cannot be ours, and believing it would let entries that nobody has be
    // deleted as acknowledged.
    if let position = greeting.positions[channel], position.incarnation == incarnation,
      (pruned...max(pruned, extents[channel]?.head ?? 0)).contains(position.cursor)
    {
      feeds[subscription, default: Feed(acknowledged: nil)].rewind(to: position.cursor)
      return [.remember(subscription, acknowledged: position.cursor)] + runs(for: subscription)
    }
    if channel == .followers {
      feeds[subscription, default: Feed(acknowledged: nil)].park()
      return []
    }
    // It knows nothing of this log: it will start where the log starts, as the reply tells it.
    feeds[subscription, default: Feed(acknowledged: nil)].rewind(to: pruned)
    return runs(for: subscription)
  }

  /// The producer's word about its log.
  private mutating func follow(
    _ peer: NodeID, _ greeting: Greeting, now: Monotonic
  ) -> [Output] {
    var outputs: [Output] = []
    let addressed = Source(producer: peer, channel: .node(node))
    if intakes[addressed]?.isRetired(greeting.incarnation) == true { return [] }
    if let extent = greeting.extents[.node(node)] {
      let known = intakes[addressed]?.position
      if known?.incarnation != greeting.incarnation || (known?.cursor ?? 0) < extent.pruned {
        if let known, known.incarnation == greeting.incarnation {
          precondition(known.cursor < extent.pruned)
          outputs.append(.reportLoss(addressed))
        }
        let position = Position(incarnation: greeting.incarnation, cursor: extent.pruned)
        intakes[addressed, default: Intake()].reset(to: position)
        outputs.append(.adopt(addressed, position))
      }
    }
    guard peers[peer] == true, let extent = greeting.extents[.followers] else { return outputs }
    let events = intakes[Source(producer: peer, channel: .followers)]?.position
    if events?.incarnation != greeting.incarnation || (events?.cursor ?? 0) < extent.pruned,
      snapshots[peer] == nil
    {
      let intake = SnapshotIntake(id: newID(), now: now + SnapshotIntake.patience)
      snapshots[peer] = intake
      outputs.append(.send(.snapshotRequest(id: intake.id, part: 0), to: peer))
    }
    return outputs
  }

  private mutating func acknowledge(
    _ subscription: Subscription, _ position: Position, now: Monotonic
  ) -> [Output] {
    // A number above the head cannot be ours: refuse it rather than skip what is yet to come.
    guard position.incarnation == incarnation,
      position.cursor <= extents[subscription.channel]?.head ?? 0,
      feeds[subscription] != nil
    else { return [] }
    let before = feeds[subscription]?.acknowledged
    feeds[subscription]?.acknowledge(position.cursor, now: now, using: &generator)
    guard let after = feeds[subscription]?.acknowledged, after != before else {
      return runs(for: subscription)
    }
    return [.remember(subscription, acknowledged: after)] + runs(for: subscription)
  }

  private mutating func rewind(
    _ subscription: Subscription, _ position: Position
  ) -> [Output] {
    let extent = extents[subscription.channel] ?? Extent(pruned: 0, head: 0)
    guard position.incarnation == incarnation, feeds[subscription] != nil,
      position.cursor >= extent.pruned, position.cursor <= max(extent.head, extent.pruned)
    else { return [] }
    feeds[subscription]?.rewind(to: position.cursor)
    return [.remember(subscription, acknowledged: position.cursor)] + runs(for: subscription)
  }

  private mutating func beacon(
    from peer: NodeID, _ incarnation: Incarnation, _ head: Int64, now: Monotonic
  ) -> [Output] {
    guard peers[peer] == true else { return [] }
    let source = Source(producer: peer, channel: .followers)
    guard let position = intakes[source]?.position, position.incarnation == incarnation else {
      return snapshots[peer] == nil ? greetStranger(peer, now: now) : []
    }
    return position.cursor < head ? askAgain(source, now: now) : []
  }

  private mutating func newID() -> MessageID {
    var bytes: [UInt8] = []
    for _ in 0..<2 {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    return MessageID(unchecked: hexadecimal(bytes))
  }
}

extension Subscription {
  /// A fixed order, so that one seed always gives one run.
  static func inOrder(_ left: Subscription, _ right: Subscription) -> Bool {
    (left.channel.text, left.consumer) < (right.channel.text, right.consumer)
  }
}
