import Base
import FoundationEssentials
import Messages
import Subprocess
import TestSupport
import Testing

/// Two recorders on one bus: one fills in for the other, and what both cannot carry is told ahead.
@Suite("Two recorders")
struct TwoRecorderTests {
  struct DoubledInput: Encodable {
    var id: String
    var name: String
    var urls: [String]
    var isDoubled = true
  }
  struct PriorityInput: Encodable {
    var id: String
    var name: String
    var stream: String
    var rule: ScheduleRule
    var durationSeconds: Int
    var priority: Int
  }

  @Test(
    "of a doubled stream one dies for good in the middle of a show: nothing is missing",
    .timeLimit(.minutes(4)))
  func spare() async throws {
    let installation = try Installation(settings: "[scheduler]\nrecorder_lost_after_s = 3\n")
    try await installation.told {
      try await installation.start([.scheduler, .delivery, .gateway])
      let client = RESTClient(installation)
      try await client.logIn()
      let frames = NumberedFrames(tag: 51)
      let broadcaster = try await Broadcaster.start(["radio": frames])
      var recorders: [String: ChildProcess] = [:]
      for node in ["recorder-1", "recorder-2"] {
        recorders[node] = try await installation.launch(.recorder, node: node)
      }
      try await client.post(
        "/api/v1/streams",
        DoubledInput(id: "radio", name: "Radio", urls: [broadcaster.server.url("radio")]))
      let start = Instant(seconds: SystemTimeSource().now().seconds + 12)
      try await client.post(
        "/api/v1/schedules", ScheduleInput("show", on: "radio", at: start, seconds: 15, to: []))
      let running = try await client.recording(
        of: "show", in: [.recording], within: .seconds(40))
      let holder = try #require(running.node?.text)
      #expect(running.spare != nil && running.spare?.text != holder, "\(running)")
      try await reach(start + .seconds(6))
      await recorders[holder]?.stop(.kill)
      let recording = try await client.recording(
        of: "show", in: [.committed], within: .seconds(90))
      let file = try #require(recording.file)
      #expect(recording.node?.text != holder)
      let content = try NumberedFile(mp3: file.path, of: frames)
      #expect(
        content.isSeamless && abs(content.duration.inSeconds - 15) < 0.03, "\(content.report)")
      #expect(file.gaps.isEmpty, "\(file.gaps)")
      broadcaster.stop()
      for child in recorders.values { await child.stop(.kill) }
      await installation.stop()
    }
  }

  /// Nothing that runs is moved (decision 24): of two shows in a row the second one is, while the first
  /// one runs. It is looked at once a minute, with two minutes' notice: four minutes of waiting.
  @Test(
    "a stream goes over from one living recorder to the other during a show: no frame is missing or twice",
    .timeLimit(.minutes(8)), .enabled(if: Campaign.isOn))
  func relief() async throws {
    let installation = try Installation()
    try await installation.told {
      try await installation.start([.scheduler, .delivery, .gateway])
      let client = RESTClient(installation)
      try await client.logIn()
      let frames = NumberedFrames(tag: 54)
      let broadcaster = try await Broadcaster.start(["radio": frames])
      try await broadcaster.add("radio", to: client)
      let first = try await installation.launch(.recorder, node: "recorder-1")
      let start = Instant(seconds: SystemTimeSource().now().seconds + 15)
      let change = start + .seconds(200)
      var shows = [
        ScheduleInput("first", on: "radio", at: start, seconds: 200, to: []),
        ScheduleInput("second", on: "radio", at: change, seconds: 8, to: []),
      ]
      shows[0].paddingAfterSeconds = 1
      shows[1].paddingBeforeSeconds = 1
      for show in shows { try await client.post("/api/v1/schedules", show) }
      try await client.recording(of: "first", in: [.recording], within: .seconds(60))
      let ahead = try await client.recording(of: "second", in: [.assigned], within: .seconds(30))
      #expect(ahead.node?.text == "recorder-1")
      // It is to end soon: what runs goes on, what lies ahead is for somebody else.
      try await client.post("/api/v1/nodes/recorder-1/control", ["command": "pause"])
      let second = try await installation.launch(.recorder, node: "recorder-2")
      try await eventually("the second show is moved", within: .seconds(100)) {
        await client.recordings(of: "second").first?.node?.text == "recorder-2"
      }
      #expect(SystemTimeSource().now() < change)
      var files: [NumberedFile] = []
      for (show, node, seconds) in [("first", "recorder-1", 201.0), ("second", "recorder-2", 9.0)] {
        let recording = try await client.recording(
          of: show, in: [.committed], within: .seconds(300))
        let file = try #require(recording.file)
        let content = try NumberedFile(mp3: file.path, of: frames)
        #expect(recording.node?.text == node && file.gaps.isEmpty, "\(recording)")
        #expect(
          content.isSeamless && abs(content.duration.inSeconds - seconds) < 0.1,
          "\(content.report)")
        files.append(content)
      }
      // With a second before and after, whatever went out about the change is in both.
      let (last, next) = (files[0].report.numbers.last, files[1].report.numbers.first)
      let overlap = Int(try #require(last)) - Int(try #require(next))
      #expect(abs(frames.frameDuration.inSeconds * Double(overlap) - 2) < 0.5, "\(overlap)")
      print("moved: \(files.map(\.report)), \(overlap) frames in both")
      broadcaster.stop()
      for child in [first, second] { await child.stop(.kill) }
      await installation.stop()
    }
  }

  @Test(
    "what is over the limit is told ahead, and the higher priority is recorded",
    .timeLimit(.minutes(3)))
  func limit() async throws {
    let installation = try Installation(settings: "[scheduler]\nmaximum_recordings = 1\n")
    try await installation.told {
      try await installation.start(Service.working)
      let client = RESTClient(installation)
      try await client.logIn()
      let broadcaster = try await Broadcaster.start([
        "low": NumberedFrames(tag: 52), "high": NumberedFrames(tag: 53),
      ])
      for mount in ["low", "high"] { try await broadcaster.add(mount, to: client) }
      let start = Instant(seconds: SystemTimeSource().now().seconds + 15)
      for (mount, priority) in [("low", 1), ("high", 5)] {
        try await client.post(
          "/api/v1/schedules",
          PriorityInput(
            id: mount, name: "Show \(mount)", stream: mount, rule: .once(start: start),
            durationSeconds: 5, priority: priority))
      }
      try await eventually("the conflict is told before the start", within: .seconds(12)) {
        await client.recordings(of: "low").first?.conflict != nil
      }
      #expect(SystemTimeSource().now() < start)
      #expect(await client.recordings(of: "high").first?.conflict == nil)
      let high = try await client.recording(of: "high", in: [.committed], within: .seconds(60))
      #expect(high.file?.gaps == [])
      let low = try await client.recording(of: "low", in: [.missed], within: .seconds(60))
      #expect(low.reason?.isEmpty == false, "\(low)")
      broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }
}
