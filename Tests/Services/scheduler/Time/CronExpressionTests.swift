import Base
import Testing

@testable import airloom_scheduler

@Suite struct CronExpressionTests {
  private func starts(
    _ expression: String, after: String, count: Int = 3, zone: String = "UTC",
    doubled: CronSearch.DoubledHour = .first
  ) throws -> [String] {
    let search = CronSearch(
      try CronExpression(expression), in: try TimeZoneLibrary().rules(named: zone),
      doubledHour: doubled)
    var instant = try #require(Instant(after))
    var found: [String] = []
    while found.count < count, let next = search.next(after: instant) {
      found.append(next.formatted())
      instant = next
    }
    return found
  }

  @Test(arguments: [
    ("each day", "30 20 * * *", ["2026-11-21T20:30:00", "2026-11-22T20:30:00"]),
    ("seconds first", "15 30 20 * * *", ["2026-11-21T20:30:15", "2026-11-22T20:30:15"]),
    ("names", "0 6 * jan mon", ["2027-01-04T06:00:00", "2027-01-11T06:00:00"]),
    ("a range to Sunday", "0 6 * * FRI-SUN", ["2026-11-22T06:00:00", "2026-11-27T06:00:00"]),
    ("7 is Sunday", "0 6 * * 7", ["2026-11-22T06:00:00", "2026-11-29T06:00:00"]),
    ("an open range", "0 20/2 * * *", ["2026-11-21T20:00:00", "2026-11-21T22:00:00"]),
    ("the last day", "0 0 L * *", ["2026-11-30T00:00:00", "2026-12-31T00:00:00"]),
    ("days before the last", "0 0 L-2 * *", ["2026-11-28T00:00:00", "2026-12-29T00:00:00"]),
    ("the last workday", "0 0 LW * *", ["2026-11-30T00:00:00", "2026-12-31T00:00:00"]),
    (
      "the last workday before a Sunday", "0 0 LW 1 *",
      ["2027-01-29T00:00:00", "2028-01-31T00:00:00"]
    ),
    (
      "nearest workday: Saturday goes back", "0 0 28W * *",
      ["2026-11-27T00:00:00", "2026-12-28T00:00:00"]
    ),
    (
      "nearest workday: Sunday goes on", "0 0 22W 11 *",
      ["2026-11-23T00:00:00", "2027-11-22T00:00:00"]
    ),
    (
      "nearest workday stays in its month", "0 0 1W 5 *",
      ["2027-05-03T00:00:00", "2028-05-01T00:00:00"]
    ),
    ("the last Friday", "0 0 * * 5L", ["2026-11-27T00:00:00", "2026-12-25T00:00:00"]),
    ("the second Tuesday", "0 0 ? * TUE#2", ["2026-12-08T00:00:00", "2027-01-12T00:00:00"]),
    ("either day field is enough", "0 0 13 * 5", ["2026-11-27T00:00:00", "2026-12-04T00:00:00"]),
    ("a star makes both count", "0 0 */2 * 5", ["2026-11-27T00:00:00", "2026-12-11T00:00:00"]),
    ("29 February", "0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
    ("29 February on a Monday", "0 0 29 2 */1", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
    ("@hourly", "@hourly", ["2026-11-21T20:00:00", "2026-11-21T21:00:00"]),
    ("@daily", "@Daily", ["2026-11-22T00:00:00", "2026-11-23T00:00:00"]),
    ("@midnight", "@midnight", ["2026-11-22T00:00:00", "2026-11-23T00:00:00"]),
    ("@weekly", "@weekly", ["2026-11-22T00:00:00", "2026-11-29T00:00:00"]),
    ("@monthly", "@monthly", ["2026-12-01T00:00:00", "2027-01-01T00:00:00"]),
    ("@yearly", "@yearly", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
    ("the year's end", "59 59 23 31 12 *", ["2026-12-31T23:59:59", "2027-12-31T23:59:59"]),
  ])
  func startsWhenItSays(_ name: String, _ expression: String, _ expected: [String]) throws {
    #expect(
      try starts(expression, after: "2026-11-21T19:00:00Z", count: 2) == expected, "\(name)")
  }

  @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30W 2 *"])
  func whatNeverComesIsNotSearchedForEver(_ expression: String) throws {
    #expect(try starts(expression, after: "2026-01-01T00:00:00Z").isEmpty)
  }

  @Test(arguments: [
    (
      "fixed, in the skipped hour", "30 2 * * *", "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00:00", "2026-03-30T00:30:00"]
    ),
    (
      "many, in the skipped hour: once", "*/10 0,20,40 2 * * *", "2026-03-29T00:00:00Z",
      ["2026-03-29T01:00:00", "2026-03-30T00:00:00"]
    ),
    (
      "skipped and due after: once", "0 2,3 * * *", "2026-03-29T00:00:00Z",
      ["2026-03-29T01:00:00", "2026-03-30T00:00:00"]
    ),
    (
      "fixed, in the doubled hour: the first", "30 2 * * *", "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30:00", "2026-10-26T01:30:00"]
    ),
    (
      "asked within the doubled hour", "30 2 * * *", "2026-10-25T00:45:00Z",
      ["2026-10-26T01:30:00", "2026-10-27T01:30:00"]
    ),
    (
      "wildcard, over the skipped hour", "*/30 * * * *", "2026-03-29T00:00:00Z",
      ["2026-03-29T00:30:00", "2026-03-29T01:00:00"]
    ),
    (
      "wildcard, in the skipped hour: not that day", "*/30 2 * * *", "2026-03-29T00:00:00Z",
      ["2026-03-30T00:00:00", "2026-03-30T00:30:00"]
    ),
    (
      "wildcard, in the doubled hour: each time", "30 */2 * * *", "2026-10-25T00:00:00Z",
      ["2026-10-25T00:30:00", "2026-10-25T01:30:00"]
    ),
    (
      "an ordinary night", "30 2 * * *", "2026-06-01T12:00:00Z",
      ["2026-06-02T00:30:00", "2026-06-03T00:30:00"]
    ),
  ])
  func followsDebianCronWhenTheClocksChange(
    _ name: String, _ expression: String, _ after: String, _ expected: [String]
  ) throws {
    let found = try starts(expression, after: after, count: 2, zone: "Europe/Berlin")
    #expect(found == expected, "\(name)")
  }

  @Test func startsTwiceInTheDoubledHourWhenAsked() throws {
    let found = try starts(
      "30 2 * * *", after: "2026-10-24T12:00:00Z", zone: "Europe/Berlin", doubled: .both)
    #expect(found == ["2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-26T01:30:00"])
  }

  @Test(
    arguments: [
      ("", nil, 1), ("* * * *", nil, 1), ("* * * * * * *", nil, 13), ("@reboot", nil, 1),
      ("@daily 5", nil, 1), ("60 * * * *", "minute", 1), ("0 24 * * *", "hour", 3),
      ("0 0 0 * *", "day-of-month", 5), ("0 0 * 13 *", "month", 7), ("0 0 * FOO *", "month", 7),
      ("0 0 * * 8", "day-of-week", 9), ("0 0 * * L", "day-of-week", 9),
      ("0 0 1,,2 * *", "day-of-month", 7),
      ("5-1 * * * *", "minute", 1), ("*/0 * * * *", "minute", 3),
      ("0  0 * * MON#6", "day-of-week", 14),
      ("? * * * *", "minute", 1), ("0 5W * * *", "hour", 4),
      ("0 0 99999999999999999999 * *", "day-of-month", 5),
      ("0 0 * * 1x", "day-of-week", 10), ("0 0 ü * *", nil, 5), ("- * * * *", "minute", 1),
    ] as [(String, String?, Int)])
  func saysWhichFieldIsWrongAndWhere(
    _ expression: String, _ field: String?, _ column: Int
  ) throws {
    let error = #expect(throws: CronError.self) { try CronExpression(expression) }
    #expect(error?.field == field, "\(error?.description ?? "")")
    #expect(error?.column == column, "\(error?.description ?? "")")
    #expect(error?.description.hasSuffix(".") == true)
  }

  @Test func anythingTypedIsReadOrRefusedAndNeverCrashes() throws {
    var generator = SplitMix64(seed: 3)
    let alphabet = Array("0123456789*,-/LW#? @MONJAfri")
    for _ in 0..<5000 {
      let length = Int.random(in: 0...24, using: &generator)
      let text = String((0..<length).compactMap { _ in alphabet.randomElement(using: &generator) })
      guard let expression = try? CronExpression(text) else { continue }
      let next = CronSearch(expression, in: .utc).next(after: .epoch)
      #expect(next.map { $0 > .epoch } ?? true)
    }
  }
}
