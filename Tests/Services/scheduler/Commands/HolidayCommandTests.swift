import Base
import Messages
import Storage
import Testing

@testable import airloom_scheduler

@Suite struct HolidayCommandTests {
  private let bench: SchedulerBench
  private let bavaria = HolidaysID(unchecked: "bavaria")

  init() throws { bench = try SchedulerBench() }

  private func holidays(_ dates: [String]) -> PutHolidays {
    PutHolidays(holidays: Holidays(id: bavaria, name: "Bavaria", dates: dates))
  }

  @Test func aCalendarTakesStartsAwayAndGivesThemBack() async throws {
    try await bench.addStream()
    try await bench.command(holidays([]))
    var schedule = SchedulerBench.schedule()
    schedule.exceptHolidays = bavaria
    try await bench.put(schedule)
    try await bench.step()
    #expect(try await bench.only().recording.state == .planned)
    // The show of that evening.
    try await bench.command(holidays(["2026-11-21"]))
    #expect(try await bench.only().recording.state == .cancelled)
    #expect(
      try await bench.said(ScheduleChanged.self).last?.message.next.first
        == Instant("2026-11-22T20:00:00Z"))
    try await bench.command(holidays(["12-25"]))
    #expect(try await bench.only().recording.state == .planned)
    #expect(try await bench.said(HolidaysChanged.self).count == 3)
  }

  @Test func whatStandsInAScheduleIsNotForgottenAndWhatIsNotThereNotNamed() async throws {
    try await bench.addStream()
    var schedule = SchedulerBench.schedule()
    schedule.exceptHolidays = bavaria
    #expect(try await bench.put(schedule).field == "exceptHolidays")
    try await bench.command(holidays(["12-25"]))
    #expect(try await bench.put(schedule).refusal == nil)
    let refused = try await bench.command(RemoveHolidays(holidays: bavaria))
    #expect(refused.refusal == .conflict)
    schedule.exceptHolidays = nil
    try await bench.put(schedule)
    #expect(try await bench.command(RemoveHolidays(holidays: bavaria)).refusal == nil)
    #expect(try await bench.said(HolidaysChanged.self).last?.message.holidays == nil)
    #expect(try await bench.command(RemoveHolidays(holidays: bavaria)).refusal == .notFound)
  }

  @Test func aDateThatIsNoneIsRefused() async throws {
    #expect(try await bench.command(holidays(["24.12."])).field == "dates")
  }

  /// A change after which a schedule is refused, and the field that is at fault.
  struct Fault: Sendable {
    let field: String
    let change: @Sendable (inout ScheduleDefinition) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout ScheduleDefinition) -> Void) {
      self.field = field
      self.change = change
    }
  }

  @Test(
    arguments: [
      Fault("paddingBeforeSeconds") { $0.paddingBeforeSeconds = 5 },
      Fault("rule.fileSeconds") { $0.rule = .always(fileSeconds: 5, zone: "UTC") },
      Fault("rule.zone") { $0.rule = .always(fileSeconds: 60, zone: "Mars") },
      Fault("validUntil") {
        $0.validFrom = Instant(seconds: 9)
        $0.validUntil = Instant(seconds: 5)
      },
      Fault("exceptDates") { $0.exceptDates = ["12-24"] },
      Fault("rule.slots") { $0.rule = .weekly(slots: [], zone: "UTC", both: false) },
      Fault("rule.everySeconds") { $0.rule = .interval(everySeconds: 2, from: .epoch) },
      Fault("priority") { $0.priority = 5000 },
    ])
  func aScheduleThatCannotWorkIsRefused(_ fault: Fault) async throws {
    try await bench.addStream()
    var schedule = SchedulerBench.schedule()
    schedule.rule = .always(fileSeconds: 3600, zone: "UTC")
    schedule.durationSeconds = 0
    #expect(try await bench.put(schedule).refusal == nil)
    fault.change(&schedule)
    if case .interval = schedule.rule { schedule.durationSeconds = 1 }
    if case .weekly = schedule.rule { schedule.durationSeconds = 1 }
    #expect(try await bench.put(schedule).field == fault.field)
  }
}
