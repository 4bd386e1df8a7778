import Base

@testable import Bus

/// What `BusNode` does around the core, on simulated disks.
extension Simulation {
  mutating func receive(_ packet: Packet, from sender: NodeID, at id: NodeID) {
    let time = monotonic
    switch packet {
    case .entries(let run): apply(run, from: sender, at: id)
    case .snapshotRequest(let snapshot, let part): handOut(part, of: snapshot, to: sender, at: id)
    case .snapshotPart(let part): take(part, from: sender, at: id)
    case .acknowledgement(let channel, let position):
      checkAcknowledgement(channel, position, by: sender, to: id)
      perform(nodes[id]?.core?.receive(packet, from: sender, now: time) ?? [], at: id)
    case .greeting, .again, .beacon:
      perform(nodes[id]?.core?.receive(packet, from: sender, now: time) ?? [], at: id)
    }
  }

  mutating func perform(_ outputs: [BusCore.Output], at id: NodeID) {
    var rest = outputs[...]
    while let output = rest.popFirst() {
      switch output {
      case .send(let packet, let peer): post(packet, from: id, to: peer)
      case .transmit(let subscription, let after):
        rest += transmit(subscription, after: after, at: id)
      case .remember(let subscription, let acknowledged):
        nodes[id]?.disk.acknowledged[subscription] = acknowledged
      case .adopt(let source, let position):
        nodes[id]?.disk.intakes[source, default: Intake()].reset(to: position)
      case .reportLoss(let source):
        violated("I3", "\(id) was told that entries of \(source.producer) are lost")
      }
    }
  }

  private mutating func transmit(
    _ subscription: Subscription, after: Int64, at id: NodeID
  ) -> [BusCore.Output] {
    let time = monotonic
    let limit = 1 + Int(roll(8))
    let entries =
      nodes[id]?.disk.entries(of: subscription.channel, after: after, limit: limit) ?? []
    guard let last = entries.last, let incarnation = nodes[id]?.disk.incarnation else {
      return nodes[id]?.core?.transmitted(subscription, through: nil, now: time) ?? []
    }
    let run = EntryRun(
      incarnation: incarnation, channel: subscription.channel, previous: after, entries: entries)
    post(.entries(run), from: id, to: subscription.consumer)
    return nodes[id]?.core?.transmitted(subscription, through: last.sequence, now: time) ?? []
  }

  /// Appends in the node's transaction and tells its core, unless it dies between the two.
  mutating func append(_ message: SimulatedMessage, to channel: Channel, at id: NodeID) {
    messages.append(message)
    let name = MessageID(unchecked: "m\(messages.count)")
    guard let head = nodes[id]?.disk.append(messages.count - 1, to: channel, id: name) else {
      return
    }
    perform(nodes[id]?.core?.appended(to: channel, head: head) ?? [], at: id)
  }

  private mutating func apply(_ run: EntryRun, from producer: NodeID, at id: NodeID) {
    guard let core = nodes[id]?.core else { return }
    let time = monotonic
    let source = Source(producer: producer, channel: run.channel)
    let first = run.entries.indices.first { core.admit(source, run, at: $0) == .apply }
    guard let first else {
      let admission = core.admit(source, run, at: run.entries.count - 1)
      let outputs = nodes[id]?.core?.unapplied(source, admission, now: time) ?? []
      return perform(outputs, at: id)
    }
    // Dies before the commit: nothing of it stands.
    if !isHealing, chance(weather.crashPerStep * 5) { return crash(id) }
    let entries = run.entries[first...]
    for entry in entries { checkOrder(entry, of: source, at: id) }
    guard let last = entries.last else { return }
    nodes[id]?.disk.intakes[source]?.advance(to: last.sequence)
    for entry in entries { effect(of: entry, from: producer, at: id) }
    // Dies after the commit, before the acknowledgement: all of it stands.
    if !isHealing, chance(weather.crashPerStep * 5) { return crash(id) }
    perform(nodes[id]?.core?.applied(source, through: last.sequence) ?? [], at: id)
  }

  private mutating func handOut(
    _ part: Int, of snapshot: MessageID, to peer: NodeID, at id: NodeID
  ) {
    // Two parts, so that the asking for parts is exercised: all in the first, the end in the second.
    if part == 0 {
      guard let disk = nodes[id]?.disk else { return }
      let position = Position(
        incarnation: disk.incarnation, cursor: disk.extents[.followers]?.head ?? 0)
      var contents: [SnapshotMessage] = []
      for (job, record) in disk.jobs {
        contents.append(SnapshotMessage(type: "\(job)=\(record.state)", body: []))
      }
      nodes[id]?.shelf[snapshot] = SnapshotPart(
        id: snapshot, part: 0, isLast: false, position: position, messages: contents)
    }
    guard var kept = nodes[id]?.shelf[snapshot], part < 2 else { return }
    if part == 1 {
      kept.part = 1
      kept.isLast = true
      kept.messages = []
    }
    post(.snapshotPart(kept), from: id, to: peer)
  }

  private mutating func take(_ part: SnapshotPart, from producer: NodeID, at id: NodeID) {
    let time = monotonic
    switch nodes[id]?.core?.receive(part, from: producer, now: time) {
    case .ask(let next):
      post(.snapshotRequest(id: part.id, part: next), from: id, to: producer)
    case .complete(let position, let contents):
      snapshots += 1
      var copies: [JobID: String] = [:]
      for content in contents {
        let halves = content.type.split(separator: "=", maxSplits: 1)
        copies[JobID(unchecked: String(halves[0]))] = String(halves[1])
      }
      nodes[id]?.disk.copies = copies
      let source = Source(producer: producer, channel: .followers)
      nodes[id]?.disk.intakes[source, default: Intake()].reset(to: position)
      perform(nodes[id]?.core?.tookSnapshot(from: producer, position) ?? [], at: id)
    case .ignore, nil: break
    }
  }

  // MARK: Invariants

  /// I3: what is acknowledged is applied, on a disk that survives.
  private mutating func checkAcknowledgement(
    _ channel: Channel, _ position: Position, by consumer: NodeID, to producer: NodeID
  ) {
    let source = Source(producer: producer, channel: channel)
    guard let durable = nodes[consumer]?.disk.intakes[source]?.position,
      durable.incarnation == position.incarnation
    else { return }  // the gateway's disk was thrown away since
    if durable.cursor < position.cursor {
      violated("I3", "\(consumer) acknowledged \(position.cursor), holds \(durable.cursor)")
    }
  }

  /// I4: each entry once and in order. What comes next is what the producer's log has next; the log
  /// may be pruned only where everybody has passed.
  private mutating func checkOrder(_ entry: LogEntryRecord, of source: Source, at id: NodeID) {
    guard let position = nodes[id]?.disk.intakes[source]?.position,
      let disk = nodes[source.producer]?.disk
    else { return violated("I4", "\(id) applied from an unknown source \(source)") }
    if entry.sequence <= position.cursor {
      violated("I4", "\(id) applied \(entry.sequence) of \(source.producer) twice")
    }
    let next = disk.entries(of: source.channel, after: position.cursor, limit: 1).first
    if let next, next.sequence < entry.sequence {
      violated(
        "I4", "\(id) skipped \(next.sequence) of \(source.producer), applied \(entry.sequence)")
    }
    nodes[id]?.disk.intakes[source]?.advance(to: entry.sequence)
  }
}
