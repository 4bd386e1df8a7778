internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Enters occurrences into the account of recordings, and publishes every change of it in the
/// transaction that makes it: what is stored is what followers will hear, whatever crashes between.
struct RecordingBook: Sendable {
  let reading: ScheduleReading
  let outbox: Outbox
  let time: any TimeSource
  let metrics: SchedulerMetrics

  static let plannedTooLate = "It came due while the scheduler was not running."

  /// Stores a changed recording and says so to all who follow; to people, where it ended badly.
  func save(_ entry: ScheduledRecording, _ transaction: Transaction) throws {
    try RecordingCatalog.save(entry, transaction)
    try outbox.publish(RecordingChanged(recording: entry.recording), in: transaction)
    if let alert = RecordingAlerts.alert(for: entry.recording) {
      try outbox.send(alert, to: SchedulerService.delivery, in: transaction)
    }
    metrics.count(entry.recording.state, transaction)
  }

  /// Plans an occurrence, or brings what was planned for it in line with its schedule. Entering the
  /// same occurrence again changes nothing.
  ///
  /// - Returns: the recorder that has it and must be told of a change, and whether it waits for one.
  func enter(
    _ occurrence: Occurrence, of schedule: ScheduleDefinition, at now: Instant,
    _ transaction: Transaction
  ) throws -> (changedHolder: NodeID?, isWaiting: Bool) {
    let station = try StreamCatalog.find(schedule.stream, transaction)?.name
    var fresh = draft(occurrence, of: schedule, station: station, at: now)
    if try RecordingCatalog.isTaken(fileName: fresh.fileName, besides: fresh.id, transaction) {
      fresh.fileName = FileNaming.marked(fresh.fileName, job: fresh.id)
    }
    guard var known = try RecordingCatalog.find(fresh.id, transaction) else {
      if occurrence.paddedEnd <= now, try !hope(for: &fresh, at: now, transaction) {
        _ = fresh.miss(reason: Self.plannedTooLate, at: now)
      }
      try save(fresh, transaction)
      return (nil, fresh.recording.state == .planned)
    }
    guard known.replan(as: fresh, at: now) else { return (nil, false) }
    try save(known, transaction)
    return (known.recording.node, known.recording.state == .planned)
  }

  /// How long a tape is looked for that may hold what nobody had in time.
  static let tapePatience = Duration.seconds(12 * 3600)

  /// What nobody had in time is made out of a tape, where some recorder may have one and the schedule
  /// wants that. Stores it when that is so.
  func lookOnTapes(
    for entry: inout ScheduledRecording, at now: Instant, _ transaction: Transaction
  ) throws -> Bool {
    guard try hope(for: &entry, at: now, transaction) else { return false }
    try save(entry, transaction)
    return true
  }

  private func hope(
    for entry: inout ScheduledRecording, at now: Instant, _ transaction: Transaction
  ) throws -> Bool {
    guard entry.recording.state == .planned, entry.details.catchesUp,
      entry.details.giveUpAt == nil
    else { return false }
    let tapes = try StreamCatalog.tapes(of: entry.recording.stream, transaction)
    guard tapes.contains(where: { !entry.details.tried.contains($0) }) else { return false }
    entry.details.giveUpAt = now + Self.tapePatience
    _ = entry.note("Its time is over; it is made of a tape where there is one.", at: now)
    return true
  }

  /// A recording that no schedule asks for; entering it again changes nothing.
  func keep(
    _ command: KeepTape, as job: JobID, at now: Instant, _ transaction: Transaction
  ) throws {
    guard try RecordingCatalog.find(job, transaction) == nil else { return }
    let local = reading.defaultZone.civil(at: command.start.seconds)
    let date = Self.date(local)
    let station = try StreamCatalog.find(command.stream, transaction)?.name
    let tags = TagTemplate(
      show: command.title, at: local, station: station, stream: command.stream
    ).filled(command.tags)
    var entry = ScheduledRecording(
      recording: Recording(
        id: job, schedule: Self.byHand, stream: command.stream, title: command.title,
        start: command.start, end: command.end, paddedStart: command.start,
        paddedEnd: command.end, state: .planned, destinations: command.destinations,
        updatedAt: now),
      fileName: FileNaming.name(title: command.title, at: local), format: command.format,
      tags: tags, date: date, createdAt: now)
    entry.details.finishing = command.finishing
    if try RecordingCatalog.isTaken(fileName: entry.fileName, besides: job, transaction) {
      entry.fileName = FileNaming.marked(entry.fileName, job: job)
    }
    if command.end <= now { _ = try hope(for: &entry, at: now, transaction) }
    try save(entry, transaction)
  }

  /// The schedule of recordings that no schedule asks for.
  static let byHand = ScheduleID(unchecked: "manual")

  private static func date(_ local: CivilTime) -> String {
    "\(padded(local.year, 4))-\(padded(local.month, 2))-\(padded(local.day, 2))"
  }

  /// Makes what is planned of a schedule agree with what it says now (nil: it is gone or switched
  /// off). What has begun is left alone; what is no longer asked for is cancelled.
  ///
  /// - Returns: the recorders whose sets have changed, whether anything waits for a recorder, and the
  ///   new cursor.
  func replan(
    _ planned: PlannedSchedule?, _ definition: ScheduleDefinition, horizon: Duration,
    at now: Instant, _ transaction: Transaction
  ) throws -> (holders: Set<NodeID>, isWaiting: Bool, plannedThrough: Instant) {
    var holders: Set<NodeID> = []
    var isWaiting = false
    var asked: Set<JobID> = []
    var cursor = now
    if let planned, planned.isEnabled {
      cursor = OccurrencePlanner.freshCursor(for: planned, at: now)
      var planner = OccurrencePlanner(horizon: horizon)
      planner.put(planned, plannedThrough: cursor)
      for occurrence in planner.takeDue(at: now) {
        asked.insert(occurrence.jobID)
        cursor = occurrence.start
        let entered = try enter(occurrence, of: definition, at: now, transaction)
        if let holder = entered.changedHolder { holders.insert(holder) }
        isWaiting = isWaiting || entered.isWaiting
      }
    }
    for var known in try RecordingCatalog.unfinished(of: definition.id, transaction)
    where !asked.contains(known.id) && !known.hasBegun(at: now) {
      if let holder = known.recording.node { holders.insert(holder) }
      if known.cancel(
        byPerson: false, reason: "Its schedule was changed and no longer asks for it.", at: now)
      {
        try save(known, transaction)
      }
    }
    return (holders, isWaiting, cursor)
  }

  /// The state of a schedule as followers hear it, with its next starts.
  func change(
    of schedule: ScheduleDefinition, at now: Instant, _ transaction: Transaction
  ) throws -> ScheduleChanged {
    var next: [Instant] = []
    let holidays = try HolidayCatalog.find(of: schedule, transaction)
    if schedule.isEnabled, let planned = try? reading.planned(schedule, holidays: holidays) {
      var instant = now
      while next.count < 10, let start = planned.next(after: instant) {
        next.append(start)
        instant = start
      }
    }
    return ScheduleChanged(id: schedule.id, schedule: schedule, next: next)
  }

  private func draft(
    _ occurrence: Occurrence, of schedule: ScheduleDefinition, station: String?, at now: Instant
  ) -> ScheduledRecording {
    let local = reading.local(occurrence.start, for: schedule)
    let date = Self.date(local)
    let tags = TagTemplate(
      show: schedule.name, at: local, station: station, stream: schedule.stream
    ).filled(schedule.tags)
    var entry = ScheduledRecording(
      recording: Recording(
        id: occurrence.jobID, schedule: schedule.id, stream: schedule.stream,
        title: schedule.name, start: occurrence.start, end: occurrence.end,
        paddedStart: occurrence.paddedStart, paddedEnd: occurrence.paddedEnd, state: .planned,
        destinations: schedule.destinations, updatedAt: now, priority: schedule.priority ?? 0),
      fileName: FileNaming.name(title: schedule.name, at: local), format: schedule.format,
      tags: tags, date: date, createdAt: now)
    entry.details.finishing = schedule.finishing
    entry.details.catchesUp = schedule.catchesUp ?? true
    return entry
  }
}
