internal import Base
internal import Bus
internal import Messages
internal import Metrics
internal import Storage

/// From recordings to recorders: who records what, and what each recorder is told.
extension Scheduler {
  /// A set travels as one message of at most 1 MiB and is sent whole at each change, so it holds the
  /// soonest so many; the later ones follow as these end.
  static let mostPlans = 500
  static let mostBytes = 700_000
  /// At most so many are placed in one transaction, so that the bus is not kept waiting.
  private static let batch = 500
  /// What could not be placed, or lies with a silent recorder, is looked at again this often.
  private static let retryInterval = Duration.seconds(10)
  /// How long a recorder has to take a set before it is sent again.
  private static let patience = Duration.seconds(10)

  /// Notices who has fallen silent, and when what waits should be looked at again.
  func noteComingAndGoing() {
    let now = time.monotonic()
    for node in roster.withLock({ $0.expire(at: now) }) {
      log.warning("a recorder has fallen silent", ("node", node))
      pending.needsAssignment = true
    }
    if let assignedAt, now - assignedAt >= Self.retryInterval {
      let isAnybodySilent = roster.withLock { $0.members.values.contains { !$0.isPresent } }
      pending.needsAssignment = pending.needsAssignment || isAnythingWaiting || isAnybodySilent
    }
  }

  /// Finds a recorder for what nobody has, and another for what is with a silent one.
  func assign() async throws {
    guard pending.needsAssignment else { return }
    pending.needsAssignment = false
    assignedAt = time.monotonic()
    let candidates = roster.withLock { $0.candidates }
    let silent = roster.withLock { roster in
      Set(roster.members.filter { !$0.value.isPresent }.map(\.key))
    }
    try welcome(candidates)
    try clearDoubts(present: Set(candidates.map(\.node)))
    let policy = AssignmentPolicy(
      candidates, held: try read { try RecordingCatalog.heldWindows($0) })
    var round = AssignmentRound(policy, urgency: settings.urgency, at: time.now())
    try await placeWaiting(&round)
    for node in silent.sorted() { try takeOver(from: node, &round) }
    pending.recorders.formUnion(round.touched)
    pending.needsDeadline = true
    isAnythingWaiting = round.isAnythingWaiting
  }

  /// Enters recorders that were never heard before.
  private func welcome(_ candidates: [AssignmentPolicy.Candidate]) throws {
    for node in candidates.map(\.node) where sent[node] == nil {
      let now = time.now()
      try write { try RecorderCatalog.note(node, at: now, $0) }
      // It may know sets of an older life of this database; ours must come after them.
      let version = roster.withLock {
        $0.members[node]?.heartbeat?.recorder?.desiredVersion ?? 0
      }
      sent[node] = Sent(
        desired: RecorderCatalog.Desired(version: version), at: time.monotonic())
      pending.recorders.insert(node)
      log.info("a recorder is new", ("node", node))
    }
  }

  /// Takes back what was noted while a recorder that is there again was silent.
  private func clearDoubts(present: Set<NodeID>) throws {
    let (now, book) = (time.now(), book)
    try write { transaction in
      for var entry in try RecordingCatalog.doubtful(transaction) {
        guard let node = entry.recording.node, present.contains(node), entry.note(nil, at: now)
        else { continue }
        try book.save(entry, transaction)
      }
    }
  }

  /// Without any recorder only what is near is looked at: it is told why it waits.
  private func placeWaiting(_ round: inout AssignmentRound) async throws {
    let book = book
    let limit = round.policy.hasCandidates ? Instant.distantFuture : round.urgent
    var last: ScheduledRecording?
    repeat {
      let (start, before) = (round, last)
      (round, last) = try write { transaction in
        var round = start
        let entries = try RecordingCatalog.unassigned(
          opening: limit, after: before, count: Self.batch, transaction)
        for entry in entries {
          if let changed = round.place(entry) { try book.save(changed, transaction) }
        }
        return (round, entries.last)
      }
      await Task.yield()
    } while last != nil
  }

  private func takeOver(from silent: NodeID, _ round: inout AssignmentRound) throws {
    let (book, start) = (book, round)
    round = try write { transaction in
      var round = start
      for entry in try RecordingCatalog.held(by: silent, limit: Self.batch, transaction) {
        if let changed = round.take(entry, from: silent) { try book.save(changed, transaction) }
      }
      return round
    }
  }

  /// Sends each recorder its set where it has changed, or where the recorder shows that it has
  /// another.
  func sendDesiredSets() throws {
    let now = time.monotonic()
    var forced: Set<NodeID> = []
    for (node, member) in roster.withLock({ $0.members }) {
      guard let load = member.heartbeat?.recorder, member.isPresent, let sent = sent[node],
        now - sent.at >= Self.patience,
        load.desiredVersion != sent.desired.version || load.desiredDigest != sent.desired.digest
      else { continue }
      forced.insert(node)
      // A version of ours that was restored from a backup must get ahead of what it has.
      self.sent[node]?.desired.version = max(sent.desired.version, load.desiredVersion)
    }
    for node in pending.recorders.union(forced).sorted() where sent[node] != nil {
      try sendDesiredSet(to: node, isForced: forced.contains(node))
    }
    pending.recorders = []
  }

  private func sendDesiredSet(to node: NodeID, isForced: Bool) throws {
    guard let last = sent[node]?.desired else { return }
    let (outbox, log) = (outbox, log)
    let desired = try write { transaction -> RecorderCatalog.Desired in
      let set = try Self.desiredSet(for: node, version: last.version + 1, transaction)
      let desired = RecorderCatalog.Desired(version: set.version, digest: set.digest)
      guard isForced || desired.digest != last.digest else { return last }
      try RecorderCatalog.saveDesired(desired, of: node, transaction)
      try outbox.send(set, to: node, in: transaction)
      log.info(
        "a recorder was sent its set", ("node", node), ("version", set.version),
        ("recordings", set.recordings.count), ("again", isForced))
      return desired
    }
    guard desired != last || isForced else { return }
    book.metrics.setsSent.increment()
    sent[node] = Sent(desired: desired, at: time.monotonic())
  }

  /// The soonest recordings of a node that fit a message.
  static func desiredSet(
    for node: NodeID, version: Int64, _ transaction: Transaction
  ) throws -> DesiredSet {
    var plans = try RecordingCatalog.held(by: node, limit: mostPlans, transaction).map(\.plan)
    while true {
      let streams = try Set(plans.map(\.stream)).sorted().compactMap {
        try StreamCatalog.find($0, transaction)
      }
      let set = DesiredSet(version: version, streams: streams, recordings: plans)
      if try StoredJSON.encode(set).utf8.count <= mostBytes || plans.count <= 1 { return set }
      plans.removeLast(plans.count / 2)
    }
  }
}
