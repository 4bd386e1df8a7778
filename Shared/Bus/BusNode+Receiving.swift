internal import Base
internal import Messages
internal import Storage

/// From the network to the core, the handlers and the disk.
extension BusNode {
  /// How often a message may be begun and not survived before it is set aside.
  static let deadliestAttempts = 3

  func receive(_ frames: [[UInt8]], from source: PacketSource) {
    guard let (sender, content) = PacketCoding.decode(frames), source.allows(sender: sender),
      sender != node
    else {
      refusedCount += 1
      return
    }
    links.heard(sender, at: time.now())
    switch content {
    case .telemetry(let telemetry): receive(telemetry, from: sender)
    case .packet(.entries(let run)): apply(run, from: sender)
    case .packet(.snapshotRequest(let id, let part)): handOut(part, of: id, to: sender)
    case .packet(.snapshotPart(let part)): take(part, from: sender)
    case .packet(let packet):
      perform(core.receive(packet, from: sender, now: time.monotonic()))
    }
  }

  // MARK: Telemetry

  private func receive(_ telemetry: TelemetryPacket, from sender: NodeID) {
    guard telemetry.origin != node else { return }
    // Passed on at most once: only what comes straight from the one who said it.
    let isFirstHand = sender == telemetry.origin
    // Only those that we chose to connect to may speak for others, or any worker could speak in
    // another's name.
    guard isFirstHand || settings.peers[sender] != nil else {
      refusedCount += 1
      return
    }
    if isFirstHand, settings.bind != nil, telemetry.to != node,
      telemetry.to != nil || settings.peers[sender] == nil
    {
      route(telemetry)
    }
    guard telemetry.to == nil || telemetry.to == node,
      let hear = handlers.telemetry[telemetry.type]
    else { return }
    let heard = Heard(
      from: telemetry.origin, apparentOffset: time.now() - telemetry.sentAt)
    do {
      try hear(telemetry.body, heard)
    } catch {
      refusedCount += 1
    }
  }

  // MARK: Entries

  private func apply(_ run: EntryRun, from producer: NodeID) {
    guard run.channel == .node(node) || handlers.followed[producer] != nil else {
      refusedCount += 1
      return
    }
    let source = Source(producer: producer, channel: run.channel)
    let now = time.monotonic()
    let first = run.entries.indices.first { core.admit(source, run, at: $0) == .apply }
    guard let first else {
      let admission = core.admit(source, run, at: run.entries.count - 1)
      perform(core.unapplied(source, admission, now: now))
      return
    }
    var entries = run.entries[first...]
    while provenCounts[source, default: 0] < BusNode.runEntries, let entry = entries.popFirst() {
      guard applyAlone(entry, of: source, run.incarnation) else { return }
    }
    if !entries.isEmpty, !commit(Array(entries), of: source, run.incarnation) { return }
    if let last = entries.last {
      perform(core.applied(source, through: last.sequence))
    }
  }

  /// The first messages of a source after a start, as many as a run has, are applied one by one, and
  /// the attempt is counted in a commit of its own before: a message that kills the process, first
  /// or in the midst of a run, is found again here, and after three deaths it is set aside.
  private func applyAlone(
    _ entry: LogEntryRecord, of source: Source, _ incarnation: Incarnation
  ) -> Bool {
    let attempts = attempt("counting an attempt") { database in
      try database.write {
        try PositionStore.countAttempt(at: entry.sequence, of: source, $0)
      }
    }
    guard let attempts else { return false }
    let isDeadly = attempts > BusNode.deadliestAttempts
    guard commit([entry], of: source, incarnation, isDeadly: isDeadly) else {
      // A fault that was survived (no room on the disk) is not the message's.
      attempt("counting an attempt") { database in
        try database.write {
          try PositionStore.forgiveAttempt(at: entry.sequence, of: source, $0)
        }
      }
      return false
    }
    provenCounts[source, default: 0] += 1
    // Told at once, so that the rest of the run is seen as what comes next.
    perform(core.applied(source, through: entry.sequence))
    return true
  }

  /// Effects and place in one transaction. False where nothing was done (disk full, say): the sender
  /// will send again.
  private func commit(
    _ entries: [LogEntryRecord], of source: Source, _ incarnation: Incarnation,
    isDeadly: Bool = false
  ) -> Bool {
    guard let last = entries.last else { return true }
    let handlers = isDeadly ? nil : handlers.durable
    let applier = MessageApplier(handlers: handlers, time: time, log: log)
    let position = Position(incarnation: incarnation, cursor: last.sequence)
    let done: Void? = attempt("applying messages") { database in
      try database.write { transaction in
        for entry in entries { try applier.apply(entry, from: source.producer, transaction) }
        try PositionStore.store(position, of: source, transaction)
      }
    }
    if done != nil { appliedCount += Int64(entries.count) }
    return done != nil
  }

  // MARK: Snapshots

  private func handOut(_ part: Int, of id: MessageID, to peer: NodeID) {
    let build = handlers.snapshot
    let incarnation = core.incarnation
    let made = Result {
      try shelf.part(part, of: id, now: time.monotonic()) {
        try inDatabase { database in
          try database.read { transaction in
            let head = try MessageLog.extents(transaction)[.followers]?.head ?? 0
            let position = Position(incarnation: incarnation, cursor: head)
            return (position, try build?(transaction) ?? [])
          }
        }
      }
    }
    switch made {
    case .success(.some(let part)): send(.snapshotPart(part), to: peer)
    case .success(nil): break
    case .failure(let error):
      log.error("a snapshot could not be made", ("peer", peer), ("reason", "\(error)"))
    }
  }

  private func take(_ part: SnapshotPart, from producer: NodeID) {
    let now = time.monotonic()
    switch core.receive(part, from: producer, now: now) {
    case .ignore: return
    case .ask(let next): send(.snapshotRequest(id: part.id, part: next), to: producer)
    case .complete(let position, let messages):
      if store(messages, position, from: producer) {
        log.info("took a snapshot", ("from", producer), ("messages", messages.count))
        perform(core.tookSnapshot(from: producer, position))
      } else {
        core.failedToStoreSnapshot(from: producer, now: now)
      }
    }
  }

  private func store(
    _ messages: [SnapshotMessage], _ position: Position, from producer: NodeID
  ) -> Bool {
    guard let forget = handlers.followed[producer] else { return false }
    let applier = MessageApplier(handlers: handlers.durable, time: time, log: log)
    let now = time.now()
    let stored: Void? = attempt("storing a snapshot") { database in
      try database.write { transaction in
        try forget(transaction)
        for message in messages {
          let entry = LogEntryRecord(
            sequence: position.cursor, id: .random(), type: message.type, correlation: nil,
            createdAt: now, body: message.body)
          try applier.apply(entry, from: producer, transaction)
        }
        let source = Source(producer: producer, channel: .followers)
        try PositionStore.store(position, of: source, transaction)
      }
    }
    return stored != nil
  }
}
