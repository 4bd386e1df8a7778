import Base
import Messages
import Testing

@testable import airloom_scheduler

@Suite struct SchedulePreviewTests {
  private let berlin: TimeZoneRules

  init() throws { berlin = try TimeZoneLibrary().rules(named: "Europe/Berlin") }

  private func preview(
    _ rule: StartRule, at now: String, count: Int = 3,
    adjust: (inout PlannedSchedule) -> Void = { _ in }
  ) throws -> SchedulePreview {
    var schedule = PlannedSchedule(
      id: ScheduleID(unchecked: "show"), rule: rule, duration: .seconds(3600),
      paddingBefore: .seconds(60))
    adjust(&schedule)
    return SchedulePreview(
      schedule, zone: berlin, count: count, at: try #require(Instant(now)))
  }

  private func cron(_ text: String, both: Bool = false) throws -> StartRule {
    .cron(
      CronSearch(try CronExpression(text), in: berlin, doubledHour: both ? .both : .first))
  }

  @Test func startsAreToldInBothTimesWithTheirPadding() throws {
    let preview = try preview(cron("0 20 * * *"), at: "2026-11-21T12:00:00Z")
    #expect(preview.starts.count == 3)
    let first = try #require(preview.starts.first)
    #expect(first.start == Instant("2026-11-21T19:00:00Z"))
    #expect(first.end == Instant("2026-11-21T20:00:00Z"))
    #expect(first.paddedStart == Instant("2026-11-21T18:59:00Z"))
    #expect(first.local == "Sat 2026-11-21 20:00:00 +01:00")
    #expect(preview.starts.allSatisfy { $0.note == nil } && preview.remarks.isEmpty)
  }

  @Test func aSkippedTimeIsToldAtTheStartThatStandsForIt() throws {
    let preview = try preview(cron("15,45 2 * * *"), at: "2026-03-28T12:00:00Z")
    #expect(
      preview.starts[0].note
        == "02:15 and 02:45 are skipped that day: it starts once, at the first instant after.")
    #expect(preview.starts[1].note == nil)
  }

  @Test(arguments: [(false, "the first time only."), (true, "both times.")])
  func aTimeThatComesTwiceIsTold(_ both: Bool, _ end: String) throws {
    let preview = try preview(cron("30 2 * * *", both: both), at: "2026-10-24T12:00:00Z")
    #expect(preview.starts[0].note == "02:30 comes twice that day: it starts " + end)
    #expect((preview.starts[1].note != nil) == both)
  }

  @Test func runsThatAWildcardLosesAreTold() throws {
    let preview = try preview(cron("*/20 2 * * *"), at: "2026-03-28T12:00:00Z")
    #expect(
      preview.remarks == [
        "On Sun 2026-03-29 the clocks skip 02:00 to 03:00: the 3 starts of that time "
          + "(02:00, 02:20 and 02:40) do not happen."
      ])
    #expect(preview.starts.first?.start == Instant("2026-03-30T00:00:00Z"))
  }

  @Test func aLongerFileAndAnIntervalThatMovesAreTold() throws {
    let files = try preview(
      .always(ClockGrid(seconds: 7200, in: berlin)), at: "2026-10-24T22:10:00Z",
      adjust: { $0.paddingBefore = .zero })
    #expect(files.starts[0].note == nil)
    #expect(
      files.starts[1].note
        == "The clocks are changed meanwhile: this file lasts 3 h instead of 2 h.")
    let interval = try preview(
      .interval(seconds: 86_400, from: #require(Instant("2026-10-20T18:00:00Z"))),
      at: "2026-10-24T12:00:00Z")
    #expect(interval.remarks.count == 1 && interval.remarks[0].contains("elapsed time"))
  }

  @Test func exceptionsAndTheEndAreTold() throws {
    let preview = try preview(cron("0 20 * * *"), at: "2026-12-23T12:00:00Z", count: 50) {
      $0.filter.zone = berlin
      $0.filter.calendar = "Bavaria"
      $0.filter.dates = Set(["2026-12-24"].compactMap(CalendarDate.init))
      $0.filter.holidays = Set(["12-25"].compactMap(CalendarDate.init))
      $0.filter.until = Instant("2026-12-27T12:00:00Z")
    }
    #expect(
      preview.starts.map { $0.local.prefix(14) } == ["Wed 2026-12-23", "Sat 2026-12-26"])
    #expect(
      preview.remarks == [
        "Nothing starts on Thu 2026-12-24: it is one of the exceptions.",
        "Nothing starts on Fri 2026-12-25: it is in “Bavaria”.",
        "After that nothing starts any more: the last is on Sat 2026-12-26 20:00:00 +01:00.",
      ])
  }
}
