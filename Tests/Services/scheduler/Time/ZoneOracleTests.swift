import Base
import Foundation
import Glibc
import Testing

@testable import airloom_scheduler

/// Compares our zones and cron rules with Python's zoneinfo and cronsim at every change of the clocks
/// from 2000 to 2037 (scripts/time-oracle.py). Runs where `scripts/setup --tests` could install
/// cronsim, or with another Python that has it, in `AIRLOOM_PYTHON`; `AIRLOOM_ALL_ZONES=1` takes
/// every zone.
@Suite struct ZoneOracleTests {
  static let package = #filePath.components(separatedBy: "/Tests/")[0]
  static let python: String = {
    let installed = package + "/.build/oracle/bin/python3"
    return ProcessInfo.processInfo.environment["AIRLOOM_PYTHON"]
      ?? (access(installed, X_OK) == 0 ? installed : "python3")
  }()
  static let hasOracle = system("'\(python)' -c 'import cronsim, zoneinfo' 2>/dev/null") == 0

  @Test(.enabled(if: hasOracle, "needs Python with the package cronsim"))
  func agreesWithZoneinfoAndCronsimAtEveryChangeOfTheClocks() throws {
    let library = TimeZoneLibrary()
    var compared = 0
    var kinds: [String: Int] = [:]
    var differences: [String] = []
    for line in try Self.answers() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let zone = try library.rules(named: fields[1])
      let isTransitions = fields[0] == "transition"
      let ours = isTransitions ? transitions(zone) : try starts(fields, zone)
      let theirs = fields.dropFirst(isTransitions ? 2 : 5).joined(separator: " ")
      compared += 1
      kinds[fields[0], default: 0] += 1
      if ours != theirs { differences.append("\(line)\n  ours: \(ours)") }
    }
    print("compared \(compared) lists with zoneinfo and cronsim: \(kinds)")
    #expect(compared > 10_000)
    #expect(kinds["weekly", default: 0] > 2000 && kinds["always", default: 0] > 7000)
    #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(10))")
  }

  private func transitions(_ zone: TimeZoneRules) -> String {
    let end = CivilTime(year: 2038, month: 1, day: 1).secondsSinceEpoch
    var seconds = CivilTime(year: 2000, month: 1, day: 1).secondsSinceEpoch
    var found: [String] = []
    while let change = zone.nextTransition(after: seconds), change.at < end {
      found.append("\(change.at),\(change.offsetBefore),\(change.offsetAfter)")
      seconds = change.at
    }
    return found.joined(separator: " ")
  }

  private func rule(_ fields: [String], _ zone: TimeZoneRules) throws -> StartRule {
    let doubled = try #require(CronSearch.DoubledHour(rawValue: fields[3]))
    switch fields[0] {
    case "weekly":
      let slots = fields[2].split(separator: ",").map { slot in
        let parts = slot.split(separator: "@").map(String.init)
        return (day: Int(parts[0]) ?? 0, time: parts[1])
      }
      return .weekly(try WeeklyGrid(slots, in: zone, doubledHour: doubled))
    case "always":
      return .always(ClockGrid(seconds: try #require(Int64(fields[2])), in: zone))
    default:
      return .cron(CronSearch(try CronExpression(fields[2]), in: zone, doubledHour: doubled))
    }
  }

  /// As many instants as Python gave.
  private func starts(_ fields: [String], _ zone: TimeZoneRules) throws -> String {
    let search = try rule(fields, zone)
    var instant = Instant(seconds: try #require(Int64(fields[4])))
    var found: [String] = []
    for _ in fields[5].split(separator: " ") {
      guard let next = search.next(after: instant) else { break }
      found.append(String(next.seconds))
      instant = next
    }
    return found.joined(separator: " ")
  }

  private static func answers() throws -> [Substring] {
    let script = package + "/scripts/time-oracle.py"
    let all = ProcessInfo.processInfo.environment["AIRLOOM_ALL_ZONES"] == "1" ? "all" : ""
    let stream = try #require(popen("'\(python)' '\(script)' \(all)", "r"))
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    #expect(pclose(stream) == 0)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
