import Base
import Glibc
import Testing

@testable import airloom_scheduler

@Suite struct TimeZoneRulesTests {
  private let berlin: TimeZoneRules
  private let library = TimeZoneLibrary()

  init() throws { berlin = try library.rules(named: "Europe/Berlin") }

  @Test func aTimeIsShownOnceOnAnOrdinaryDay() throws {
    let instant = try #require(Instant("2026-07-01T10:00:00Z"))
    #expect(
      berlin.instants(showing: CivilTime(year: 2026, month: 7, day: 1, hour: 12))
        == .one(instant.seconds))
    #expect(berlin.offset(at: instant.seconds) == 7200)
  }

  @Test func aTimeInTheSkippedHourIsNeverShown() throws {
    let change = try #require(Instant("2026-03-29T01:00:00Z")).seconds
    for minute in [0, 30, 59] {
      let civil = CivilTime(year: 2026, month: 3, day: 29, hour: 2, minute: minute)
      #expect(berlin.instants(showing: civil) == .none(skippedAt: change))
    }
    let after = CivilTime(year: 2026, month: 3, day: 29, hour: 3)
    #expect(berlin.instants(showing: after) == .one(change))
  }

  @Test func aTimeInTheDoubledHourIsShownTwice() throws {
    let first = try #require(Instant("2026-10-25T00:30:00Z")).seconds
    let civil = CivilTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30)
    #expect(berlin.instants(showing: civil) == .two(first, first + 3600))
  }

  @Test func transitionsAreFoundInBothDirectionsAndBeyondTheFile() throws {
    for year in [2026, 2037, 2038, 2100, 2400] {
      let spring = try #require(
        berlin.nextTransition(
          after: CivilTime(year: year, month: 1, day: 1).secondsSinceEpoch))
      #expect((spring.offsetBefore, spring.offsetAfter) == (3600, 7200))
      #expect(CivilTime(secondsSinceEpoch: spring.at).month == 3)
      #expect(CivilTime(secondsSinceEpoch: spring.at).weekday == 0)
      #expect(berlin.previousTransition(atOrBefore: spring.at) == spring)
      let autumn = try #require(berlin.previousTransition(atOrBefore: spring.at - 1))
      #expect(CivilTime(secondsSinceEpoch: autumn.at).year == year - 1)
    }
  }

  @Test func aZoneOfOneOffsetHasNoTransitions() throws {
    let kolkata = try library.rules(named: "Etc/GMT-5")
    #expect(kolkata.nextTransition(after: 0) == nil)
    #expect(kolkata.previousTransition(atOrBefore: 0) == nil)
    #expect(kolkata.offset(at: 0) == 18_000)
  }

  @Test(arguments: [
    "", "/etc/passwd", "../../etc/passwd", "Europe/../Europe/Berlin", "Europe//Berlin", "Europe/",
    "Europe/Berlin\0", "zone.tab", "Europe/Berlin ", "-Europe", "a/b/c/d/e", "Zürich",
  ])
  func aNameThatIsNoneIsRefusedBeforeAnyFileIsOpened(_ name: String) {
    #expect(throws: TimeZoneError.self) { try library.rules(named: name) }
    #expect(TimeZoneName(name) == nil)
  }

  @Test(arguments: [
    ("Europe/Entenhausen", TimeZoneError.Kind.unknown), ("Europe", .unknown),
    ("right/Europe/Berlin", .damaged), ("leapseconds", .damaged),
  ])
  func aZoneThatCannotBeUsedIsRefusedWithItsReason(_ name: String, _ kind: TimeZoneError.Kind) {
    let error = #expect(throws: TimeZoneError.self) { try library.rules(named: name) }
    #expect(error?.kind == kind, "\(error?.description ?? "")")
  }

  @Test func withoutADatabaseUTCStillWorksAndTheErrorSaysWhatToInstall() throws {
    let empty = TimeZoneLibrary(folder: "/nonexistent")
    #expect(try empty.rules(named: "UTC").offset(at: 0) == 0)
    let error = #expect(throws: TimeZoneError.self) { try empty.rules(named: "Europe/Berlin") }
    #expect(error?.kind == .noDatabase)
    #expect(error?.description.contains("tzdata") == true)
  }

  @Test func anUpdateOfTheDatabaseIsTakenOverAndAFileThatVanishesIsNot() throws {
    let folder = "/tmp/airloom-zones-\(hexadecimal(randomBytes(4)))"
    try Syscall.makeFolders(folder)
    defer {
      unlink(folder + "/Home")
      rmdir(folder)
    }
    let old = try DurableFile.read("/usr/share/zoneinfo/Europe/Berlin")
    let new = try DurableFile.read("/usr/share/zoneinfo/Europe/Helsinki")
    try DurableFile.write(old, to: folder + "/Home")
    let library = TimeZoneLibrary(folder: folder)
    #expect(try library.rules(named: "Home").offset(at: 1_800_000_000) == 3600)
    #expect(library.reloadChanged().isEmpty)
    try DurableFile.write(new, to: folder + "/Home")
    #expect(library.reloadChanged() == ["Home"])
    #expect(try library.rules(named: "Home").offset(at: 1_800_000_000) == 7200)
    unlink(folder + "/Home")
    #expect(library.reloadChanged().isEmpty)
    #expect(try library.rules(named: "Home").offset(at: 1_800_000_000) == 7200)
  }
}
