import Base
import FoundationEssentials
import Messages
import Subprocess
import TestSupport
import Testing

/// What people do on the pages, with a mouse and with keys, on the real programs.
@Suite("On the pages", .timeLimit(.minutes(10)))
struct PageFlowTests {
  private struct Flow: Decodable {
    struct Found: Decodable {
      var failed: String?
      var slots: [String]?
      var minutes: String?
      var starts: Int?
      var told: String?
      var words: String?
      var problem: String?
      var span: String?
      var kept: String?
      var locked: String?
      var now: String?
      var last: String?
      var found: String?
      var width: Int?
      var chosen: String?
    }

    let flow: String
    let found: Found
    let problems: [String]
  }

  private struct Account: Decodable {
    struct Span: Decodable {
      let start: Instant
      let end: Instant
    }

    let spans: [Span]
  }

  @Test func `a schedule is painted, a stream tested, a span kept and locked, a cover uploaded`()
    async throws
  {
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 1)], in: installation)
      // Long enough that the tape is being written while the page is worked on.
      _ = try await studio.schedule("tape", on: "radio", in: 2, seconds: 600)
      try await studio.client.stream("radio", in: [.capturing], within: .seconds(60))
      _ = try await eventually("there are 20 seconds of tape", within: .seconds(120)) {
        let account = await studio.client.find("/api/v1/streams/radio/tape", as: Account.self)
        return account?.spans.first.map { $0.end - $0.start > .seconds(20) } == true ? true : nil
      }
      let flows = try await Self.run(studio)
      for flow in flows.values {
        #expect(flow.found.failed == nil, "\(flow.flow)")
        #expect(flow.problems.isEmpty, "\(flow.flow)")
      }
      try await Self.checkPlans(flows, studio)
      try await Self.checkTape(flows, studio)
      #expect(flows["test"]?.found.found?.contains("It works.") == true, "\(flows)")
      #expect(flows["artwork"]?.found.width ?? 0 > 0)
      #expect(flows["artwork"]?.found.chosen?.count == 64)
      studio.broadcaster.stop()
      await installation.stop()
    }
  }

  private static func run(_ studio: Studio) async throws -> [String: Flow] {
    try requires(.chromium)
    guard let port = studio.client.port else { throw TestFailure("the gateway has no port file") }
    let root = (0..<3).reduce(#filePath) { path, _ in DurableFile.folder(of: path) }
    let names = ["grid", "cron", "minutes", "keep", "test", "artwork"]
    var command = ChildCommand(
      try requires(.python),
      ["-B", root + "/scripts/page_flows.py", "http://127.0.0.1:\(port)"] + names)
    command.environment["TZ"] = "UTC"
    command.environment["AIRLOOM_ADMIN_PASSWORD"] = Installation.password
    command.environment["AIRLOOM_TEST_URL"] = studio.broadcaster.server.url("radio")
    let run = try await ChildProcess.run(command, outputLimit: 1 << 20, timeout: .seconds(400))
    let lines = run.output.split(separator: UInt8(ascii: "\n"))
    guard lines.count == names.count else {
      throw TestFailure("scripts/page_flows.py \(run.exit): \(run.errorText)")
    }
    let flows = try lines.map { try JSONDecoder().decode(Flow.self, from: Data($0)) }
    return Dictionary(flows.map { ($0.flow, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func checkPlans(_ flows: [String: Flow], _ studio: Studio) async throws {
    let grid = flows["grid"]?.found
    #expect(grid?.slots == ["Sat 18:30", "Mon, Tue, Thu, Fri 20:00"])
    #expect(grid?.minutes == "90" && grid?.starts == 50)
    let noted = "This is noted and will be done as soon as the service answers."
    #expect(["Evening news is scheduled.", noted].contains(grid?.told))
    let made = try await eventually("the schedule is known", within: .seconds(60)) {
      await studio.client.find("/api/v1/schedules/evening-news", as: ScheduleDefinition.self)
    }
    let slots = [1, 2, 4, 5].map { WeeklySlot(day: $0, time: "20:00") }
    let wanted = ScheduleRule.weekly(
      slots: slots + [WeeklySlot(day: 6, time: "18:30")], zone: "UTC", both: false)
    #expect(made.rule == wanted)
    #expect(made.durationSeconds == 90 * 60)
    let cron = flows["cron"]?.found
    let words = "At 20:30, on the last day of the month or on the second Friday of the month"
    #expect(cron?.words == words)
    #expect(cron?.problem?.contains("61") == true, "\(cron?.problem ?? "nothing")")
  }

  private static func checkTape(_ flows: [String: Flow], _ studio: Studio) async throws {
    let goal = try await eventually("the kept span is a file", within: .seconds(120)) {
      await studio.client.find("/api/v1/recordings?limit=50", as: RESTClient.RecordingList.self)?
        .recordings.first { $0.title == "The goal" && $0.state == .committed }
    }
    #expect(goal.file?.contentType == "audio/flac", "\(goal)")
    #expect(goal.end - goal.start > .seconds(5), "\(flows)")
    struct Locks: Decodable { let locks: [TapeLock] }
    let locks = try await eventually("the lock is known", within: .seconds(60)) {
      let locks = await studio.client.find("/api/v1/streams/radio/locks", as: Locks.self)?.locks
      return locks?.isEmpty == false ? locks : nil
    }
    #expect(locks.map(\.reason) == ["the derby"])
    // The page may have been told that it is noted, and will be done.
    let lengths = try await eventually("both recordings are known", within: .seconds(60)) {
      let all = await studio.client.find(
        "/api/v1/recordings?limit=50", as: RESTClient.RecordingList.self)?.recordings
      let made = all?.filter { $0.title == "Stream radio" } ?? []
      return made.count == 2 ? made.map { ($0.end - $0.start).inSeconds } : nil
    }
    #expect(lengths.sorted() == [300, 720])
  }
}
