import Base
import Testing

@testable import airloom_scheduler

@Suite struct ZoneFileTests {
  /// A file made by hand: two types, one transition at 1000 s, and a footer.
  private func file(
    version: Character = "2", footer: String = "\nAAA-1\n", at: [Int64] = [1000],
    offsets: [Int32] = [0, 3600], types: [UInt8] = [1]
  ) -> [UInt8] {
    func block(_ size: Int) -> [UInt8] {
      var bytes = Array("TZif".utf8) + [version.asciiValue ?? 0] + [UInt8](repeating: 0, count: 15)
      for count in [0, 0, 0, at.count, offsets.count, 4] { bytes += big(Int64(count), 4) }
      for time in at { bytes += big(time, size) }
      bytes += types
      for offset in offsets { bytes += big(Int64(offset), 4) + [0, 0] }
      return bytes + [0x41, 0x41, 0x41, 0]
    }
    return block(4) + block(8) + Array(footer.utf8)
  }

  private func big(_ value: Int64, _ size: Int) -> [UInt8] {
    (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  @Test func readsTimesTypesAndFooter() throws {
    let zone = try ZoneFile(file(), subject: "Test/Zone")
    #expect(zone.firstOffset == 0)
    #expect(zone.changes == [ZoneFile.Change(at: 1000, offset: 3600)])
    #expect(zone.footer?.standardOffset == 3600)
  }

  @Test func readsAFileWithoutTransitionsByItsFooter() throws {
    let zone = try ZoneFile(
      file(footer: "\nAAA3BBB,M3.2.0,M11.1.0\n", at: [], types: []), subject: "Test/Zone")
    let rules = TimeZoneRules(name: "Test/Zone", file: zone)
    #expect(
      rules.offset(at: CivilTime(year: 1990, month: 1, day: 1).secondsSinceEpoch) == -10_800)
    #expect(
      rules.offset(at: CivilTime(year: 1990, month: 7, day: 1).secondsSinceEpoch) == -7200)
  }

  @Test func everyCutOfAFileIsRefusedAndNoneCrashes() throws {
    let whole = file()
    for length in 0..<whole.count {
      #expect(throws: TimeZoneError.self, "cut at \(length)") {
        try ZoneFile(Array(whole.prefix(length)), subject: "Test/Zone")
      }
    }
  }

  @Test func damageAnywhereNeverCrashes() throws {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<3000 {
      var bytes = file()
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      guard let zone = try? ZoneFile(bytes, subject: "Test/Zone") else { continue }
      let rules = TimeZoneRules(name: "Test/Zone", file: zone)
      for seconds in [Int64(0), 1000, 4_000_000_000] { _ = rules.nextTransition(after: seconds) }
    }
  }

  @Test(arguments: [
    ("no offset that exists", [Int64(1000)], [Int32(0), 200_000], [UInt8(1)]),
    ("times out of order", [1000, 1000], [0, 3600], [1, 0]),
    ("a type that is not there", [1000], [0, 3600], [2]),
  ])
  func rulesOfTheFormatAreChecked(
    _ name: String, _ at: [Int64], _ offsets: [Int32], _ types: [UInt8]
  ) {
    #expect(throws: TimeZoneError.self, "\(name)") {
      try ZoneFile(file(at: at, offsets: offsets, types: types), subject: "Test/Zone")
    }
  }
}

@Suite struct PosixZoneRuleTests {
  @Test(arguments: [
    ("CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200), ("EST5EDT,M3.2.0,M11.1.0", -18_000, -14_400),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", 3600, 0),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 37_800, 39_600),
    ("EET-2EEST,M3.4.4/50,M10.4.4/50", 7200, 10_800),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600),
    ("AAA0BBB,J60,300/24:30:15", 0, 3600),
  ])
  func readsBothOffsets(_ text: String, _ standard: Int, _ daylight: Int) throws {
    let rule = try #require(PosixZoneRule(text))
    #expect(rule.standardOffset == standard)
    #expect(rule.daylight?.offset == daylight)
  }

  @Test(arguments: [
    "", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-99", "<CET-1", "CET-1,",
    "CET-1CEST,J0,J366", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0 ",
  ])
  func refusesWhatIsNone(_ text: String) { #expect(PosixZoneRule(text) == nil) }

  @Test func daylightSavingTimeAllYearIsOneOffset() throws {
    let rule = try #require(PosixZoneRule("EST5EDT,0/0,J365/25"))
    #expect(rule.daylight == nil)
    #expect(rule.standardOffset == -14_400)
  }

  @Test func julianDaysDoNotCountTheLeapDayAndZeroBasedDaysDo() throws {
    let rule = try #require(PosixZoneRule("AAA0BBB,J60/0,60/0"))
    let changes = rule.changes(in: 2024...2024)
    #expect(
      changes.map { Instant(seconds: $0.at).formatted() }
        == ["2024-02-29T23:00:00", "2024-03-01T00:00:00"])
  }
}
