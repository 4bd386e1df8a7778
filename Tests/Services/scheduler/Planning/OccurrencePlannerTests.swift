import Base
import Testing

@testable import airloom_scheduler

@Suite struct OccurrencePlannerTests {
  private let now = Instant(seconds: 1_800_000_000)  // 2027-01-15T08:00:00Z

  private func schedule(
    _ id: String, _ cron: String, duration: Duration = .seconds(3600), isEnabled: Bool = true,
    padding: Duration = .zero
  ) throws -> PlannedSchedule {
    PlannedSchedule(
      id: try #require(ScheduleID(id)), isEnabled: isEnabled,
      rule: .cron(CronSearch(try CronExpression(cron), in: .utc)), duration: duration,
      paddingBefore: padding, paddingAfter: padding)
  }

  private func starts(_ occurrences: [Occurrence]) -> [String] {
    occurrences.map { "\($0.schedule) \($0.start.formatted())" }
  }

  @Test func plansADayAheadAndEachOccurrenceOnce() throws {
    var planner = OccurrencePlanner()
    planner.put(try schedule("news", "0 20 * * *"), plannedThrough: now)
    #expect(starts(planner.takeDue(at: now)) == ["news 2027-01-15T20:00:00"])
    #expect(planner.takeDue(at: now).isEmpty)
    #expect(planner.nextDueAt == Instant("2027-01-15T20:00:00Z"))
    #expect(starts(planner.takeDue(at: now + .seconds(86_400))) == ["news 2027-01-16T20:00:00"])
  }

  @Test func theEndIsElapsedTimeAndPaddingLiesOutside() throws {
    var planner = OccurrencePlanner()
    planner.put(
      try schedule("news", "0 20 * * *", duration: .seconds(1800), padding: .seconds(60)),
      plannedThrough: now)
    let occurrence = try #require(planner.takeDue(at: now).first)
    #expect(occurrence.end - occurrence.start == .seconds(1800))
    #expect(occurrence.start - occurrence.paddedStart == .seconds(60))
    #expect(occurrence.paddedEnd - occurrence.end == .seconds(60))
  }

  @Test func aShowThatSpansTheChangeOfClocksKeepsItsLength() throws {
    let noon = try #require(Instant("2026-03-28T12:00:00Z"))
    let berlin = try TimeZoneLibrary().rules(named: "Europe/Berlin")
    var planner = OccurrencePlanner()
    planner.put(
      PlannedSchedule(
        id: try #require(ScheduleID("night")),
        rule: .cron(CronSearch(try CronExpression("30 1 * * *"), in: berlin)),
        duration: .seconds(7200)), plannedThrough: noon)
    let occurrence = try #require(planner.takeDue(at: noon).first)
    #expect(occurrence.start == Instant("2026-03-29T00:30:00Z"))
    #expect(occurrence.end == Instant("2026-03-29T02:30:00Z"))  // 04:30 on the clock's face
  }

  @Test func aDisabledScheduleIsNotPlanned() throws {
    var planner = OccurrencePlanner()
    planner.put(try schedule("news", "0 20 * * *"), plannedThrough: now)
    planner.put(try schedule("news", "0 20 * * *", isEnabled: false), plannedThrough: now)
    #expect(planner.takeDue(at: now).isEmpty)
    #expect(planner.count == 0)
  }

  @Test func replacingAScheduleForgetsItsOldStarts() throws {
    var planner = OccurrencePlanner()
    planner.put(try schedule("a", "0 20 * * *"), plannedThrough: now)
    planner.put(try schedule("b", "0 21 * * *"), plannedThrough: now)
    planner.put(try schedule("a", "0 22 * * *"), plannedThrough: now)
    #expect(
      starts(planner.takeDue(at: now)) == ["b 2027-01-15T21:00:00", "a 2027-01-15T22:00:00"])
  }

  @Test func aOneShotIsPlannedOnceAndGone() throws {
    var planner = OccurrencePlanner()
    let shot = PlannedSchedule(
      id: try #require(ScheduleID("once")), rule: .once(now + .seconds(90)),
      duration: .seconds(60))
    planner.put(shot, plannedThrough: OccurrencePlanner.freshCursor(for: shot, at: now))
    #expect(planner.takeDue(at: now).count == 1)
    #expect(planner.count == 0)
    #expect(planner.nextDueAt == nil)
  }

  @Test func whatIsOnAirWhenAScheduleIsMadeIsPlannedAndWhatIsOverIsNot() throws {
    var planner = OccurrencePlanner()
    for (id, ago) in [("running", 30.0), ("over", 60), ("long-over", 600)] {
      let shot = PlannedSchedule(
        id: try #require(ScheduleID(id)), rule: .once(now - .seconds(ago)), duration: .seconds(60))
      planner.put(shot, plannedThrough: OccurrencePlanner.freshCursor(for: shot, at: now))
    }
    #expect(planner.takeDue(at: now).map(\.schedule.text) == ["running"])
  }

  @Test func occurrencesOfADowntimeAreHandedOutFromTheCursorOn() throws {
    var planner = OccurrencePlanner()
    planner.put(
      try schedule("news", "0 20 * * *"), plannedThrough: now - .seconds(3 * 86_400))
    #expect(
      starts(planner.takeDue(at: now)) == [
        "news 2027-01-12T20:00:00", "news 2027-01-13T20:00:00", "news 2027-01-14T20:00:00",
        "news 2027-01-15T20:00:00",
      ])
  }

  @Test func aLimitLeavesTheRestForTheNextCall() throws {
    var planner = OccurrencePlanner()
    planner.put(try schedule("hourly", "@hourly"), plannedThrough: now)
    var all: [Occurrence] = []
    while case let some = planner.takeDue(at: now, limit: 5), !some.isEmpty { all += some }
    #expect(all.count == 24)
    #expect(Set(all.map(\.jobID)).count == 24)
  }

  @Test func aScheduleOfEverySecondIsPlannedLessFarAhead() throws {
    var planner = OccurrencePlanner()
    planner.put(
      try schedule("often", "* * * * * *", duration: .seconds(1)), plannedThrough: now)
    #expect(planner.takeDue(at: now).count == OccurrencePlanner.mostAhead)
    #expect(planner.takeDue(at: now + .seconds(10)).count == 10)
  }

  @Test func theJobIsTheSameHoweverOftenItIsComputed() throws {
    var planner = OccurrencePlanner()
    planner.put(try schedule("news", "0 20 * * *"), plannedThrough: now)
    let first = try #require(planner.takeDue(at: now).first)
    planner.put(
      try schedule("news", "0 20 * * *", duration: .seconds(60), padding: .seconds(5)),
      plannedThrough: now)
    let second = try #require(planner.takeDue(at: now).first)
    #expect(first.jobID == second.jobID)
    let identity = "news|1800043200000000|0"
    #expect(first.jobID.text == hexadecimal(SHA256.hash(identity.utf8).prefix(16)))
  }

  @Test func tenThousandSchedulesArePlannedInSecondsAndOneIsReplacedInNoTime() throws {
    let clock = ContinuousClock()
    var planner = OccurrencePlanner()
    var planned = 0
    let whole = try clock.measure {
      for number in 0..<10_000 {
        planner.put(
          try schedule("s\(number)", "\(number % 60) \(number / 60 % 24) * * *"),
          plannedThrough: now)
      }
      planned = planner.takeDue(at: now).count
    }
    #expect(planned == 10_000)
    #expect(whole < .seconds(20))
    let one = try clock.measure {
      planner.put(try schedule("s5", "5 5 * * *"), plannedThrough: now)
      #expect(planner.takeDue(at: now).count == 1)
    }
    #expect(one < .milliseconds(50))
    print("planned 10,000 schedules in \(whole), one again in \(one)")
  }
}
