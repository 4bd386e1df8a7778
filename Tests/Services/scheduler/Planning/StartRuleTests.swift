import Base
import Messages
import Testing

@testable import airloom_scheduler

@Suite struct StartRuleTests {
  private let berlin: TimeZoneRules

  init() throws { berlin = try TimeZoneLibrary().rules(named: "Europe/Berlin") }

  private func starts(_ rule: StartRule, after text: String, _ count: Int) throws -> [String] {
    var instant = try #require(Instant(text))
    var found: [String] = []
    while found.count < count, let next = rule.next(after: instant) {
      found.append(next.formatted())
      instant = next
    }
    return found
  }

  @Test func anIntervalCountsElapsedTimeFromItsBeginning() throws {
    let from = try #require(Instant("2026-10-24T22:00:00Z"))
    let rule = StartRule.interval(seconds: 5400, from: from)
    #expect(
      try starts(rule, after: "2026-01-01T00:00:00Z", 3) == [
        "2026-10-24T22:00:00", "2026-10-24T23:30:00", "2026-10-25T01:00:00",
      ])
    #expect(try starts(rule, after: "2026-10-25T01:00:00Z", 1) == ["2026-10-25T02:30:00"])
    #expect(try starts(rule, after: "2026-10-25T00:59:59.999999Z", 1) == ["2026-10-25T01:00:00"])
  }

  @Test func aWeekHasItsTimesAndTheSkippedOnesStartOnce() throws {
    let rule = StartRule.weekly(
      try WeeklyGrid(
        [(6, "20:00"), (7, "02:15"), (7, "02:45"), (7, "03:00"), (1, "06:30:30")], in: berlin,
        doubledHour: .first))
    #expect(
      try starts(rule, after: "2026-03-28T12:00:00Z", 4) == [
        "2026-03-28T19:00:00", "2026-03-29T01:00:00", "2026-03-30T04:30:30",
        "2026-04-04T18:00:00",
      ])
  }

  @Test(arguments: [(CronSearch.DoubledHour.first, 1), (.both, 2)])
  func whatAWeekShowsTwiceStartsOnceOrTwice(_ doubled: CronSearch.DoubledHour, _ count: Int) throws
  {
    let rule = StartRule.weekly(
      try WeeklyGrid([(7, "02:30")], in: berlin, doubledHour: doubled))
    let day = try starts(rule, after: "2026-10-24T22:00:00Z", 3).filter {
      $0.hasPrefix("2026-10-25")
    }
    #expect(day.count == count)
    #expect(day.first == "2026-10-25T00:30:00")
  }

  @Test(
    arguments: [
      ([], "at least one"), ([(8, "20:00")], "between 1"), ([(1, "24:00")], "time of day"),
      ([(1, "2:00")], "time of day"), ([(1, "20:60")], "time of day"),
    ] as [([(Int, String)], String)])
  func aWeekThatCannotBeIsRefused(_ slots: [(Int, String)], _ text: String) {
    let error = #expect(throws: GridError.self) {
      try WeeklyGrid(slots.map { ($0.0, $0.1) }, in: .utc, doubledHour: .first)
    }
    #expect(error?.text.contains(text) == true)
  }

  /// Local days of the year that hold another number of hourly files than 24.
  @Test func hoursOfADayAreTwentyThreeFourAndFiveAndFollowEachOtherExactly() throws {
    let schedule = PlannedSchedule(
      id: ScheduleID(unchecked: "all"), rule: .always(ClockGrid(seconds: 3600, in: berlin)),
      duration: .seconds(3600))
    var instant = try #require(Instant("2025-12-31T22:30:00Z"))
    let end = try #require(Instant("2026-12-31T23:00:00Z"))
    var files: [String: Int] = [:]
    var last: Occurrence?
    while let start = schedule.next(after: instant), start < end {
      let file = Occurrence(of: schedule, start: start)
      if let last { #expect(last.paddedEnd == file.paddedStart) }
      files[LocalText.date(start, in: berlin), default: 0] += 1
      (last, instant) = (file, start)
    }
    #expect(files.count == 365)
    #expect(
      files.filter { $0.value != 24 } == ["Sun 2026-03-29": 23, "Sun 2026-10-25": 25])
  }

  @Test(
    arguments: [
      ("Europe/Berlin", 86_400, "2026-10-24T12:00:00Z", [25 * 3600, 86_400]),
      ("Europe/Berlin", 7200, "2026-10-24T22:30:00Z", [10_800, 7200]),
      // Midnight itself is skipped, and comes twice.
      ("America/Havana", 86_400, "2026-03-07T12:00:00Z", [23 * 3600, 86_400]),
      ("America/Havana", 86_400, "2026-10-31T12:00:00Z", [25 * 3600, 86_400]),
      // Half an hour.
      ("Australia/Lord_Howe", 3600, "2026-04-04T13:30:00Z", [5400, 3600]),
      ("Australia/Lord_Howe", 900, "2026-04-04T14:46:00Z", [900, 900]),
    ] as [(String, Int64, String, [Int64])])
  func filesFollowEachOtherWhereTheClocksAreChanged(
    _ name: String, _ seconds: Int64, _ after: String, _ lengths: [Int64]
  ) throws {
    let grid = ClockGrid(seconds: seconds, in: try TimeZoneLibrary().rules(named: name))
    var cuts = [grid.next(after: try #require(Instant(after)))]
    for _ in lengths { cuts.append(grid.next(after: cuts[cuts.count - 1])) }
    #expect(zip(cuts, cuts.dropFirst()).map { ($1 - $0).microseconds / 1_000_000 } == lengths)
    for (cut, next) in zip(cuts, cuts.dropFirst()) {
      #expect(grid.start(at: cut) == cut)
      #expect(grid.start(at: next - .microseconds(1)) == cut)
    }
  }

  @Test func theFileThatIsOnAirWhenAScheduleIsMadeIsItsFirst() throws {
    let schedule = PlannedSchedule(
      id: ScheduleID(unchecked: "all"), rule: .always(ClockGrid(seconds: 3600, in: .utc)),
      duration: .seconds(3600))
    let now = try #require(Instant("2026-11-21T12:17:00Z"))
    var planner = OccurrencePlanner(horizon: .seconds(7200))
    planner.put(
      schedule, plannedThrough: OccurrencePlanner.freshCursor(for: schedule, at: now))
    #expect(
      planner.takeDue(at: now).map { $0.start.formatted() } == [
        "2026-11-21T12:00:00", "2026-11-21T13:00:00", "2026-11-21T14:00:00",
      ])
  }
}

@Suite struct StartFilterTests {
  private let berlin: TimeZoneRules

  init() throws { berlin = try TimeZoneLibrary().rules(named: "Europe/Berlin") }

  private func dates(_ filter: StartFilter, _ cron: String, _ count: Int) throws -> [String] {
    let rule = StartRule.cron(CronSearch(try CronExpression(cron), in: berlin))
    var instant = try #require(Instant("2026-12-23T00:00:00Z"))
    var found: [String] = []
    while found.count < count, let next = filter.next(of: rule, after: instant) {
      found.append(next.formatted())
      instant = next
    }
    return found
  }

  @Test func exceptionsAndHolidaysAreDatesInTheZone() throws {
    var filter = StartFilter(zone: berlin)
    filter.dates = Set(["2026-12-24"].compactMap(CalendarDate.init))
    filter.holidays = Set(["12-26", "2027-12-25"].compactMap(CalendarDate.init))
    // 00:30 in Berlin is the day before in UTC.
    #expect(
      try dates(filter, "30 0 * * *", 3) == [
        "2026-12-24T23:30:00", "2026-12-26T23:30:00", "2026-12-27T23:30:00",
      ])
  }

  @Test func nothingStartsOutsideOfItsSpan() throws {
    var filter = StartFilter(zone: berlin)
    filter.from = Instant("2026-12-25T11:00:00Z")
    filter.until = Instant("2026-12-27T11:00:00Z")
    #expect(
      try dates(filter, "0 12 * * *", 9) == ["2026-12-25T11:00:00", "2026-12-26T11:00:00"])
  }

  @Test func aRuleThatStartsOnExceptionsAloneEnds() throws {
    var filter = StartFilter(zone: berlin)
    filter.holidays = Set((1...31).compactMap { CalendarDate("12-\($0 < 10 ? "0" : "")\($0)") })
    #expect(try dates(filter, "* * * 12 *", 1) == [])
  }

  @Test(
    arguments: [
      ("2026-02-29", false), ("2028-02-29", true), ("02-29", true), ("13-01", false),
      ("2026-1-1", false), ("26-12-24", false), ("2026-12-24", true), ("12-32", false), ("", false),
    ])
  func datesAreReadStrictly(_ text: String, _ isDate: Bool) {
    #expect((CalendarDate(text) != nil) == isDate)
  }
}
