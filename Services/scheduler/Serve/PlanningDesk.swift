internal import Base
internal import FoundationEssentials
internal import HTTPServer
internal import Messages
internal import Service
internal import Storage

/// Answers what there is to see ahead, at the scheduler's status address: the next starts of a
/// schedule that need not be stored.
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

  init(
    reading: ScheduleReading, database: Database, time: any TimeSource, tokenPath: String
  ) {
    self.reading = reading
    self.database = database
    self.time = time
    self.tokenPath = tokenPath
  }

  nonisolated func addRoutes(to router: inout Router) {
    router.add("POST", "/schedules/preview") { try await self.preview($0) }
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
