internal import Base
internal import FoundationEssentials
internal import HTTPServer
internal import Messages
internal import Service
internal import Storage

/// Answers what there is to see ahead, at the scheduler's status address: the next starts of a
/// schedule that need not be stored, and what cannot all be recorded.
///
/// Every request must show the installation's `TapeToken`. It changes nothing, and works on a thread
/// of its own.
actor PlanningDesk {
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  static let connectionLimit = 50
  private static let usualCount = 50

  private let thread = DedicatedThread(named: "planning-http")
  private let reading: ScheduleReading
  private let database: Database
  private let time: any TimeSource
  private let tokenPath: String
  private let roster: SharedRoster
  private let limit: Int?

  /// - Parameter limit: of streams that are recorded at once by all recorders together.
  init(
    reading: ScheduleReading, database: Database, roster: SharedRoster, limit: Int?,
    time: any TimeSource, tokenPath: String
  ) {
    self.reading = reading
    self.database = database
    self.roster = roster
    self.limit = limit
    self.time = time
    self.tokenPath = tokenPath
  }

  nonisolated func addRoutes(to router: inout Router) {
    router.add("POST", "/schedules/preview") { try await self.preview($0) }
    router.add("GET", "/conflicts") { try await self.conflicts($0) }
  }

  func preview(_ request: Request) async throws -> Response {
    try admit(request)
    let count = try number("count", request, usual: Self.usualCount, 1...SchedulePreview.mostStarts)
    let schedule: ScheduleDefinition
    do {
      schedule = try JSONDecoder().decode(ScheduleDefinition.self, from: Data(request.body))
    } catch {
      throw Problem(400, "invalid", "The body is not a schedule: \(error).")
    }
    let holidays = try await database.read { try HolidayCatalog.find(of: schedule, $0) }
    let preview = self.preview(of: schedule, holidays: holidays, count: count)
    return .json(try StoredJSON.bytes(preview))
  }

  func conflicts(_ request: Request) async throws -> Response {
    try admit(request)
    let hours = try number("hours", request, usual: 24, 1...168)
    let now = time.now()
    let end = now + .seconds(hours * 3600)
    let (coming, held, streams, schedules, holidays) = try await database.read { transaction in
      (
        try RecordingCatalog.coming(from: now, to: end, transaction),
        try RecordingCatalog.heldWindows(at: now, transaction),
        try StreamCatalog.assignment(transaction), try ScheduleCatalog.all(transaction),
        try HolidayCatalog.all(transaction)
      )
    }
    let calendars = Dictionary(uniqueKeysWithValues: holidays.map { ($0.id, $0) })
    var wishes = coming.filter { $0.recording.state == .planned }.map { entry in
      ConflictForecast.Wish(
        job: entry.id, title: entry.recording.title, window: entry.window,
        priority: entry.priority, tags: streams.tags[entry.recording.stream] ?? [])
    }
    for stored in schedules where stored.definition.isEnabled {
      guard wishes.count < Self.mostWishes else { break }
      let holidays = stored.definition.exceptHolidays.flatMap { calendars[$0] }
      wishes += unplanned(stored, holidays: holidays, to: end).map { occurrence in
        ConflictForecast.Wish(
          job: occurrence.jobID, title: stored.definition.name,
          window: StreamWindow(
            stream: stored.definition.stream, start: occurrence.paddedStart,
            end: occurrence.paddedEnd),
          priority: stored.definition.priority ?? 0,
          tags: streams.tags[stored.definition.stream] ?? [])
      }
    }
    let titles = Dictionary(uniqueKeysWithValues: coming.map { ($0.id, $0.recording.title) })
    return .json(
      try StoredJSON.bytes(
        ConflictForecast(
          wishes, held: held, titles: titles, candidates: roster.withLock { $0.candidates },
          limit: limit)))
  }

  /// What is looked at for one answer at most.
  private static let mostWishes = 20_000

  /// What a schedule will ask for by then and has not been planned yet.
  private func unplanned(
    _ stored: StoredSchedule, holidays: Holidays?, to end: Instant
  ) -> [Occurrence] {
    guard let planned = try? reading.planned(stored.definition, holidays: holidays) else {
      return []
    }
    var found: [Occurrence] = []
    var last = stored.plannedThrough
    while found.count < OccurrencePlanner.mostAhead, let start = planned.next(after: last),
      start - planned.paddingBefore < end
    {
      found.append(Occurrence(of: planned, start: start))
      last = start
    }
    return found
  }

  private func preview(
    of schedule: ScheduleDefinition, holidays: Holidays?, count: Int
  ) -> SchedulePreview {
    let now = time.now()
    do throws(Refusal) {
      // What is over is shown as such, and refused only when it is stored.
      let planned = try ScheduleValidator(reading: reading).check(
        schedule, holidays: holidays, replacing: schedule, at: now)
      return SchedulePreview(
        planned, zone: reading.zone(for: schedule), count: count, at: now)
    } catch {
      return SchedulePreview(
        problem: SchedulePreview.Fault(field: error.field, text: error.text))
    }
  }

  private func admit(_ request: Request) throws {
    guard let header = request.header("Authorization"),
      try TapeToken.load(tokenPath).isShown(in: header)
    else { throw Self.unauthorized }
  }

  private static let unauthorized = Problem(
    401, "unauthorized",
    "Plans are read with the key in keys/tape.token: send it as 'Authorization: Bearer …'.")

  private func number(
    _ name: String, _ request: Request, usual: Int, _ range: ClosedRange<Int>
  ) throws -> Int {
    guard let text = request.query(name) else { return usual }
    guard let number = Int(text), range.contains(number) else {
      throw Problem(
        400, "invalid", "\(name) must lie between \(range.lowerBound) and \(range.upperBound).",
        field: name)
    }
    return number
  }
}
