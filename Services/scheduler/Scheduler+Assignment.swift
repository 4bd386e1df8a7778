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

  /// What leaves its place in one round to what is more important; the rest follows in the next.
  private static let mostDisplaced = 100
  /// How often it is looked at whether something should be moved.
  private static let rebalanceInterval = Duration.seconds(60)
  /// A stream that nobody captures for so long gets a second recorder, where there is one.
  private static let rescueAfter = Duration.seconds(30)

  /// Notices who has fallen silent, and when what waits should be looked at again.
  func noteComingAndGoing() throws {
    let now = time.monotonic()
    for node in roster.withLock({ $0.expire(at: now) }) {
      log.warning("a recorder has fallen silent", ("node", node))
      pending.needsAssignment = true
      try doubtCaptures(of: node)
    }
    if let assignedAt, now - assignedAt >= Self.retryInterval {
      let isAnybodySilent = roster.withLock { $0.members.values.contains { !$0.isPresent } }
      let isTroubled = !troubled(at: time.now()).isEmpty
      pending.needsAssignment =
        pending.needsAssignment || isAnythingWaiting || isAnybodySilent || isTroubled
    }
    if rebalancedAt.map({ now - $0 >= Self.rebalanceInterval }) ?? true {
      pending.needsAssignment = true
    }
  }

  /// What a silent recorder said last of its captures is not how they are.
  private func doubtCaptures(of node: NodeID) throws {
    let (outbox, now) = (outbox, time.now())
    try write { transaction in
      for status in try StreamCatalog.doubtCaptures(of: node, transaction) {
        let shown = StreamCatalog.doubtful(status, since: now)
        try outbox.publish(StreamStatusChanged(status: shown), in: transaction)
      }
    }
  }

  /// Streams that are wanted and that nobody has captured for a while.
  private func troubled(at now: Instant) -> [StreamID] {
    alerts.troubles.filter { now - $0.value >= Self.rescueAfter }.map(\.key).sorted()
  }

  /// Finds a recorder for what nobody has, and another for what is with a silent one.
  func assign() async throws {
    guard pending.needsAssignment else { return }
    pending.needsAssignment = false
    assignedAt = time.monotonic()
    let now = time.now()
    let candidates = roster.withLock { $0.candidates }
    let silent = roster.withLock { roster in
      Set(roster.members.filter { !$0.value.isPresent }.map(\.key))
    }
    try welcome(candidates)
    try clearDoubts(present: Set(candidates.map(\.node)))
    let (held, streams) = try read { transaction in
      (
        try RecordingCatalog.heldWindows(at: now, transaction),
        try StreamCatalog.assignment(transaction)
      )
    }
    let policy = AssignmentPolicy(candidates, held: held, limit: settings.maximumRecordings)
    var round = AssignmentRound(
      policy, streams: streams, urgency: settings.urgency, at: now)
    try await placeWaiting(&round)
    for node in silent.sorted() { try takeOver(from: node, &round) }
    try undouble(&round)
    if candidates.count > 1 {
      try double(&round, of: streams.doubled.union(troubled(at: now)))
      try rebalance(&round, held)
    }
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
    let (now, book, outbox) = (time.now(), book, outbox)
    try write { transaction in
      for var entry in try RecordingCatalog.doubtful(transaction) {
        guard let node = entry.recording.node, present.contains(node), entry.note(nil, at: now)
        else { continue }
        try book.save(entry, transaction)
      }
      for node in present.sorted() {
        for status in try StreamCatalog.trustCaptures(of: node, transaction) {
          try outbox.publish(StreamStatusChanged(status: status), in: transaction)
        }
      }
    }
  }

  /// Without any recorder only what is near is looked at: it is told why it waits. Of each batch what
  /// is more important comes first.
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
        for entry in entries.sorted(by: Self.isMoreImportant) {
          try Self.apply(&round, book, transaction) {
            $0.place(entry)
          } winner: {
            entry
          }
        }
        return (round, entries.last)
      }
      await Task.yield()
    } while last != nil
  }

  private static func isMoreImportant(
    _ left: ScheduledRecording, _ right: ScheduledRecording
  ) -> Bool {
    if left.priority != right.priority { return left.priority > right.priority }
    return (left.recording.paddedStart, left.id) < (right.recording.paddedStart, right.id)
  }

  private func takeOver(from silent: NodeID, _ round: inout AssignmentRound) throws {
    let (book, start) = (book, round)
    round = try write { transaction in
      var round = start
      for entry in try RecordingCatalog.held(by: silent, limit: Self.batch, transaction) {
        try Self.apply(&round, book, transaction) {
          $0.take(entry, from: silent)
        } winner: {
          entry
        }
      }
      return round
    }
  }

  /// Stores what a step changes; where others have to leave their places for it, they do, and it is
  /// tried once more.
  private static func apply(
    _ round: inout AssignmentRound, _ book: RecordingBook, _ transaction: Transaction,
    step: (inout AssignmentRound) -> AssignmentRound.Step, winner: () -> ScheduledRecording
  ) throws {
    for _ in 0..<2 {
      switch step(&round) {
      case .unchanged: return
      case .changed(let entry): return try book.save(entry, transaction)
      case .after(let victims):
        for victim in victims.prefix(mostDisplaced) {
          guard let held = try RecordingCatalog.find(victim.job, transaction) else { continue }
          try book.save(
            round.giveWay(held, isSpare: victim.isSpare, to: winner()), transaction)
        }
      }
    }
  }

  /// Has what is open or ahead of some streams captured by a second recorder as well.
  private func double(_ round: inout AssignmentRound, of streams: Set<StreamID>) throws {
    guard !streams.isEmpty else { return }
    let (book, start, now) = (book, round, time.now())
    // A stream in trouble is helped now; what lies ahead may find it well again.
    let doubled = start.streams.doubled
    round = try write { transaction in
      var round = start
      for entry in try RecordingCatalog.open(of: streams.sorted(), at: now, transaction)
      where doubled.contains(entry.recording.stream) || entry.hasBegun(at: now) {
        if let changed = round.double(entry) { try book.save(changed, transaction) }
      }
      return round
    }
  }

  /// A stream may not be doubled any more.
  private func undouble(_ round: inout AssignmentRound) throws {
    let (book, start, now) = (book, round, time.now())
    let ahead = try read {
      try RecordingCatalog.sparedAhead(of: now, limit: Self.batch, $0)
    }
    guard !ahead.isEmpty else { return }
    round = try write { transaction in
      var round = start
      for entry in ahead {
        if let changed = round.undouble(entry) { try book.save(changed, transaction) }
      }
      return round
    }
  }

  private func rebalance(_ round: inout AssignmentRound, _ held: [HeldWindow]) throws {
    guard rebalancedAt.map({ time.monotonic() - $0 >= Self.rebalanceInterval }) ?? true else {
      return
    }
    rebalancedAt = time.monotonic()
    let moves = RebalancePolicy().moves(
      of: held, in: round.policy, tags: round.streams.tags, at: time.now())
    guard !moves.isEmpty else { return }
    let (book, start, log) = (book, round, log)
    round = try write { transaction in
      var round = start
      for move in moves {
        guard let entry = try RecordingCatalog.find(move.job, transaction),
          entry.recording.node == move.from, let moved = round.move(entry, to: move.to)
        else { continue }
        try book.save(moved, transaction)
        log.info(
          "a recording was moved", ("job", move.job), ("from", move.from), ("to", move.to))
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

  /// The soonest recordings of a node that fit a message, and what it must keep of its tapes.
  static func desiredSet(
    for node: NodeID, version: Int64, _ transaction: Transaction
  ) throws -> DesiredSet {
    let held = try RecordingCatalog.held(by: node, limit: mostPlans, transaction)
    let spared = try RecordingCatalog.spared(on: node, limit: mostPlans, transaction)
    let isUnfinished = { (entry: ScheduledRecording) in
      entry.recording.state == .recording || entry.recording.state == .finishing
    }
    let locks = LockPlan.locks(
      people: try LockCatalog.kept(by: node, transaction),
      undelivered: try DeliveryLockCatalog.windows(on: node, transaction),
      unfinished: (held.filter(isUnfinished) + spared).map(\.window))
    var plans = (held + spared)
      .sorted { ($0.recording.paddedStart, $0.id) < ($1.recording.paddedStart, $1.id) }
      .prefix(mostPlans).map { $0.plan(for: node) }
    while true {
      let streams = try Set(plans.map(\.stream)).sorted().compactMap {
        try StreamCatalog.find($0, transaction)
      }
      let set = DesiredSet(
        version: version, streams: streams, recordings: plans, locks: locks)
      if try StoredJSON.encode(set).utf8.count <= mostBytes || plans.count <= 1 { return set }
      plans.removeLast(plans.count / 2)
    }
  }
}
