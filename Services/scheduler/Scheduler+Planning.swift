internal import Base
internal import Bus
internal import Messages
internal import Storage

/// From schedules to recordings, and from recordings to what was missed.
extension Scheduler {
  /// At most so many occurrences are entered in one transaction, so that commands are not kept waiting.
  private static let batch = 200
  /// tzdata is updated a few times a year.
  private static let zoneInterval = Duration.seconds(600)

  /// Builds everything in memory from the database.
  func load() throws {
    let (schedules, holidays, recorders) = try read { transaction in
      (
        try ScheduleCatalog.all(transaction), try HolidayCatalog.all(transaction),
        try RecorderCatalog.all(transaction)
      )
    }
    planner = OccurrencePlanner(horizon: settings.horizon)
    let calendars = Dictionary(uniqueKeysWithValues: holidays.map { ($0.id, $0) })
    for schedule in schedules {
      put(schedule, holidays: schedule.definition.exceptHolidays.flatMap { calendars[$0] })
    }
    let now = time.monotonic()
    for (node, desired) in recorders {
      roster.withLock { $0.expect(node, at: now) }
      sent[node] = Sent(desired: desired, at: now)
      pending.recorders.insert(node)
    }
    pending.schedules = []
    pending.needsAssignment = true
    pending.needsDeadline = true
    pending.isClockStepped = false
    isLoaded = true
    log.info("schedules loaded", ("schedules", schedules.count), ("recorders", recorders.count))
  }

  func takeChangedSchedules() throws {
    for id in pending.schedules.sorted() {
      let found = try read { transaction in
        try ScheduleCatalog.find(id, transaction).map { stored in
          (stored, try HolidayCatalog.find(of: stored.definition, transaction))
        }
      }
      if let (stored, holidays) = found {
        put(stored, holidays: holidays)
      } else {
        planner.remove(id)
      }
    }
    pending.schedules = []
  }

  private func put(_ stored: StoredSchedule, holidays: Holidays?) {
    do {
      planner.put(
        try book.reading.planned(stored.definition, holidays: holidays),
        plannedThrough: stored.plannedThrough)
    } catch {
      // It was read when it was stored; its zone may be gone from the machine since.
      planner.remove(stored.definition.id)
      log.error(
        "a schedule cannot be read", ("schedule", stored.definition.id), ("reason", error.text))
    }
  }

  /// Enters what has come within reach. The cursor moves in the same transaction, and the planner is
  /// only asked for more once that is on disk; when it fails, the planner is built again from the
  /// cursors.
  func enterDueOccurrences() async throws {
    while true {
      let now = time.now()
      let due = planner.takeDue(at: now, limit: Self.batch)
      if due.isEmpty { return }
      let book = book
      let outbox = outbox
      let changes = try write { transaction -> (holders: Set<NodeID>, isWaiting: Bool) in
        var holders: Set<NodeID> = []
        var isWaiting = false
        for (id, occurrences) in Dictionary(grouping: due, by: \.schedule) {
          guard let stored = try ScheduleCatalog.find(id, transaction) else { continue }
          for occurrence in occurrences {
            let entered = try book.enter(occurrence, of: stored.definition, at: now, transaction)
            if let holder = entered.changedHolder { holders.insert(holder) }
            isWaiting = isWaiting || entered.isWaiting
            try ScheduleCatalog.movePlannedThrough(id, to: occurrence.start, transaction)
          }
          try outbox.publish(
            book.change(of: stored.definition, at: now, transaction), in: transaction)
        }
        return (holders, isWaiting)
      }
      pending.recorders.formUnion(changes.holders)
      pending.needsAssignment = pending.needsAssignment || changes.isWaiting
      pending.needsDeadline = true
      await Task.yield()
    }
  }

  /// Gives up what should have ended and will not.
  func endOverdue() throws {
    let now = time.now()
    let listening = now - (time.monotonic() - startedAt)
    if pending.needsDeadline {
      let ends = try read { try RecordingCatalog.earliestEnds($0) }
      deadline = settings.overdue.deadline(
        planned: ends.planned, held: ends.held, listening: listening)
      pending.needsDeadline = false
    }
    guard let deadline, now >= deadline else { return }
    let (policy, book, roster) = (settings.overdue, book, roster)
    let (holders, isAnyWaiting) = try write { transaction -> (Set<NodeID>, Bool) in
      var holders: Set<NodeID> = []
      var isWaiting = false
      for var entry in try RecordingCatalog.overdue(
        at: now, heldLimit: now - policy.patience, limit: Self.batch, transaction)
      {
        if try book.lookOnTapes(for: &entry, at: now, transaction) {
          isWaiting = true
          continue
        }
        let holder = entry.recording.node
        let isPresent = holder.map { node in roster.withLock { $0.isPresent(node) } } ?? false
        guard
          let reason = policy.verdict(
            on: entry, isHolderPresent: isPresent, listening: listening, at: now),
          entry.miss(reason: reason, at: now)
        else { continue }
        if let holder { holders.insert(holder) }
        try book.save(entry, transaction)
      }
      return (holders, isWaiting)
    }
    pending.recorders.formUnion(holders)
    pending.needsAssignment = pending.needsAssignment || isAnyWaiting
    pending.needsDeadline = true
  }

  /// Makes a file canonical that lacks something and that no other recorder could better in time, and
  /// lets go of tapes that were kept for a delivery for too long.
  func settleHeld() throws {
    guard heldLookedAt.map({ time.monotonic() - $0 >= .seconds(5) }) ?? true else { return }
    heldLookedAt = time.monotonic()
    let (now, book, roster) = (time.now(), book, roster)
    let settlement = Settlement(
      book: book, outbox: outbox, delivery: SchedulerService.delivery)
    let touched = try write { transaction -> Set<NodeID> in
      var touched = Set(
        try DeliveryLockCatalog.removeOld(before: now - LockPlan.longest, transaction))
      for before in try RecordingCatalog.offered(limit: Self.batch, transaction) {
        var entry = before
        guard let offer = before.details.offer else { continue }
        let isOtherPresent = roster.withLock { roster in
          before.recording.node.map(roster.isPresent) ?? false
        }
        guard
          now - offer.at >= (isOtherPresent ? Self.patienceWithPresent : Self.patienceWithSilent),
          let outcome = entry.commitHeld(at: now)
        else { continue }
        touched.formUnion(
          try settlement.store(entry, outcome, before: before, transaction))
      }
      return touched
    }
    pending.recorders.formUnion(touched)
  }

  /// How long a file that lacks something waits for the one of a second recorder.
  private static let patienceWithPresent = Duration.seconds(2 * 3600)
  private static let patienceWithSilent = Duration.seconds(15 * 60)

  /// Plans schedules anew whose zone has other rules since an update of the database of time zones.
  func checkZones() throws {
    guard time.monotonic() - zonesCheckedAt >= Self.zoneInterval else { return }
    zonesCheckedAt = time.monotonic()
    let changed = Set(book.reading.zones.reloadChanged())
    guard !changed.isEmpty else { return }
    log.info("time zones have changed", ("zones", changed.sorted().joined(separator: " ")))
    let (book, outbox, signals, horizon) = (book, outbox, signals, settings.horizon)
    let (now, time) = (time.now(), time)
    try write { transaction in
      let desk = CommandDesk(
        book: book, outbox: outbox, signals: signals, time: time, horizon: horizon)
      for stored in try ScheduleCatalog.all(transaction) {
        guard let zone = ScheduleReading.zone(of: stored.definition), changed.contains(zone),
          let planned = try? book.reading.planned(
            stored.definition, holidays: HolidayCatalog.find(of: stored.definition, transaction))
        else { continue }
        try desk.replan(planned, stored.definition, at: now, transaction)
      }
    }
    merge(signals.take())
  }
}
