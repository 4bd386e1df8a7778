internal import Base
internal import Messages
internal import Storage

/// Following a drop until it is complete, has failed or is gone.
extension DropKeeper {
  /// Looks at every drop that is due.
  func followOpen() async throws {
    try await adopt()
    let now = time.monotonic()
    for id in watched.values.filter({ $0.nextLook <= now }).map(\.id) {
      guard !Task.isCancelled, let drop = watched[id] else { return }
      try await follow(drop)
    }
    try await lookAfterQueued()
  }

  /// What is to be followed is what the catalogue says.
  private func adopt() async throws {
    let rows = try await database.read {
      try ConversionCatalog.all(in: [.growing], limit: Self.mostOpen, $0)
    }
    let now = time.monotonic()
    var next: [JobID: Watched] = [:]
    for row in rows {
      var drop =
        watched[row.id]
        ?? Watched(
          id: row.id, path: row.path, watch: DropWatch(row.identity, at: now), nextLook: now,
          told: row.standing.reason, toldAt: now)
      if drop.path != row.path { drop.nextLook = now }
      drop.path = row.path
      next[row.id] = drop
    }
    watched = next
  }

  private func follow(_ drop: Watched) async throws {
    var drop = drop
    let now = time.monotonic()
    guard let identity = FileIdentity.of(drop.path) else {
      return try await miss(drop)
    }
    let before = drop.watch.identity
    let step: ReadinessPolicy.Step
    (drop.watch, step) = policy.look(
      drop.watch, identity, lock: FolderWalker.lock(beside: drop.path), now: now)
    switch step {
    case .wait(let wait):
      let ready = policy.readyAt(drop.watch)
      drop.nextLook = min(now + settings.look, max(now + .milliseconds(20), ready))
      // What it waits for is said at once, how it grows now and then.
      if drop.told != wait.sentence || before != identity && now - drop.toldAt > .seconds(5) {
        drop.told = wait.sentence
        drop.toldAt = now
        try await apply(.waits(wait.sentence), to: drop)
      }
      watched[drop.id] = drop
    case .inspect:
      try await inspect(drop)
    }
  }

  /// Nothing is there. A folder that is away says nothing about its drops.
  private func miss(_ drop: Watched) async throws {
    guard isWatched(drop.path) else {
      watched[drop.id]?.nextLook = time.monotonic() + settings.look
      return
    }
    logs.note(drop.id, "gone: \(ConversionPolicy.gone)")
    try await apply(.vanished, to: drop)
    watched[drop.id] = nil
  }

  private func inspect(_ old: Watched) async throws {
    var drop = old
    let verdict: ReadinessPolicy.Verdict
    var inspection: Inspection?
    do throws(ConverterError) {
      let open = try OpenDrop(drop.path)
      let isAlive = Ticker(surroundings.isAlive)
      defer { isAlive.end() }
      let found = try await inspector.inspect(open)
      inspection = found
      fault = nil
      let now = time.monotonic()
      let step: ReadinessPolicy.Step
      (drop.watch, step) = policy.sawWriter(drop.watch, found.writers, now: now)
      if case .wait(let wait) = step {
        verdict = .wait(wait)
      } else if open.identity != drop.watch.identity {
        (drop.watch, verdict) = policy.inspected(drop.watch, open.identity, notWhole: nil, now: now)
      } else if found.objection == nil, let late = open.objection() {
        // Somebody came while it was being looked at.
        drop.watch = DropWatch(FileIdentity.of(drop.path) ?? open.identity, at: now)
        verdict = .wait(late.kind == .sourceGone ? .changing : .notWhole(late.reason))
      } else {
        (drop.watch, verdict) = policy.inspected(
          drop.watch, FileIdentity.of(drop.path), notWhole: found.objection, now: now)
      }
    } catch {
      verdict = judge(error, of: &drop)
    }
    try await conclude(verdict, of: drop, inspection)
  }

  private func judge(_ error: ConverterError, of drop: inout Watched) -> ReadinessPolicy.Verdict {
    switch error.kind {
    case .sourceGone: return .wait(.changing)
    case .program:
      fault = error.reason
      return .wait(.notWhole(error.reason))
    default:
      let verdict: ReadinessPolicy.Verdict
      (drop.watch, verdict) = policy.inspected(
        drop.watch, FileIdentity.of(drop.path), notWhole: error.reason, now: time.monotonic())
      return verdict
    }
  }

  private func conclude(
    _ verdict: ReadinessPolicy.Verdict, of old: Watched, _ inspection: Inspection?
  ) async throws {
    var drop = old
    let now = time.monotonic()
    switch verdict {
    case .wait(let wait):
      drop.nextLook = max(now + settings.look, min(policy.readyAt(drop.watch), now + .seconds(60)))
      if case .openForWriting = wait { drop.nextLook = now + settings.look }
      if drop.told != wait.sentence {
        drop.told = wait.sentence
        drop.toldAt = now
        logs.note(drop.id, "waits: \(wait.sentence)")
        try await apply(.waits(wait.sentence), to: drop)
      }
      watched[drop.id] = drop
    case .failed(let reason):
      logs.note(drop.id, "set aside: \(reason)")
      log.warning("a drop is no recording", ("drop", drop.path.text), ("reason", reason))
      try await apply(.unfit(reason), to: drop)
      watched[drop.id] = nil
    case .ready:
      let content = inspection?.content
      logs.note(
        drop.id,
        "complete: \(drop.path.text), \(drop.watch.identity.bytes) bytes; nobody writes to it, "
          + "\(inspection?.writers.explanation ?? ""); it was still for "
          + "\((now - drop.watch.stillSince).inSeconds) s; \(content?.facts.summary ?? "")")
      try await apply(.ready, to: drop) { row in
        row.source = content?.facts.summary
        row.durationUs = content?.durationUs
      }
      watched[drop.id] = nil
    }
  }

  private func apply(
    _ event: ConversionPolicy.Event, to drop: Watched,
    change: @escaping @Sendable (inout ConversionRow) -> Void = { _ in }
  ) async throws {
    let book = book
    try await database.write { transaction in
      guard let row = try ConversionCatalog.find(drop.id, transaction) else { return }
      try book.apply(event, to: row, transaction) { new in
        if new.standing.state != .vanished { new.identity = drop.watch.identity }
        change(&new)
      }
    }
  }

  /// A drop may still change or go while it waits for a worker.
  private func lookAfterQueued() async throws {
    let rows = try await database.read {
      try ConversionCatalog.all(in: [.queued], limit: Self.mostOpen, $0)
    }
    for row in rows {
      let found = FileIdentity.of(row.path)
      if found == row.identity || found == nil && !isWatched(row.path) { continue }
      let book = book
      try await database.write { transaction in
        guard let current = try ConversionCatalog.find(row.id, transaction) else { return }
        if let found {
          try book.apply(.changed, to: current, transaction) { $0.identity = found }
        } else {
          try book.apply(.vanished, to: current, transaction)
        }
      }
    }
  }
}
