import Base
import Messages
import Subprocess
import TestSupport
import Testing

/// kill -9 of one service during a show: the file arrives all the same, once and unharmed.
@Suite("A kill -9 during a show")
struct KillTests {
  @Test(
    "of anything but the recorder changes nothing in what arrives",
    .timeLimit(.minutes(3)), arguments: [Service.scheduler, .delivery, .gateway])
  func bystanders(victim: Service) async throws {
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 7)], in: installation)
      let start = try await studio.schedule("show", on: "radio", seconds: 12)
      var generator = SplitMix64(seed: UInt64(truncatingIfNeeded: start.seconds))
      print("seed of the kills of \(victim): \(start.seconds)")
      // From before the start until after the file is being made and sent.
      let last = start + .seconds(14)
      while SystemTimeSource().now() < last {
        let pause = Int64.random(in: 300...2500, using: &generator)
        try await reach(SystemTimeSource().now() + .milliseconds(pause))
        await installation.kill(victim)
        try await installation.start(victim)
      }
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(60))
      #expect(content.isSeamless, "\(content.report), \(content.strangeBytes) strange bytes")
      #expect(abs(content.duration.inSeconds - 12) < 0.03)
      #expect(recording.file?.gaps == [])
      #expect(studio.archive.files.count == 1)
      #expect(Files.recordings(in: installation.recordings).count == 1)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "of the scheduler before the start, which stays dead, does not keep a show from being recorded",
    .timeLimit(.minutes(3)))
  func schedulerStaysDead() async throws {
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 8)], in: installation)
      let start = try await studio.schedule("show", on: "radio", in: 6, seconds: 12)
      // The capture begins ten seconds before the show, here at once: the plan is over there.
      try await studio.client.stream("radio", in: [.capturing], within: .seconds(5))
      await installation.kill(.scheduler)
      #expect(SystemTimeSource().now() < start)
      let names = try await eventually("the show is recorded", within: .seconds(60)) {
        let names = Files.recordings(in: installation.recordings).filter {
          $0.hasSuffix(".mp3") && !$0.hasPrefix(".")
        }
        return names.isEmpty ? nil : names
      }
      #expect(names.count == 1)
      #expect(studio.archive.files.isEmpty)
      try await installation.start(.scheduler)
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(60))
      #expect(content.isSeamless, "\(content.report)")
      #expect(recording.file?.gaps == [])
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  /// The connections outlive it, so nothing is missing with Icecast's burst or without.
  @Test(
    "of the recorder costs nothing",
    .timeLimit(.minutes(3)), arguments: [65_536, 0])
  func recorderWithIngest(burst: Int) async throws {
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(
        ["radio": NumberedFrames(tag: 12)], in: installation, burstBytes: burst)
      let start = try await studio.schedule("show", on: "radio", seconds: 15)
      for round in 1...3 {
        try await reach(start + .milliseconds(Int64(round) * 3500))
        await installation.kill(.recorder)
        try await reach(start + .milliseconds(Int64(round) * 3500 + 900))
        try await installation.start(.recorder)
      }
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(60))
      #expect(content.isSeamless, "\(content.report), \(content.strangeBytes) strange bytes")
      #expect(abs(content.duration.inSeconds - 15) < 0.03)
      #expect(recording.file?.gaps == [])
      #expect(Files.recordings(in: installation.recordings).count == 1)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  /// Where nothing holds the connections: with Icecast's burst the recorder finds its place again;
  /// without it the loss is real, and what the file's ledger says must be what is missing.
  @Test(
    "of the recorder makes no second recording, and the loss it tells is the true one",
    .timeLimit(.minutes(3)), arguments: [65_536, 0])
  func recorder(burst: Int) async throws {
    let installation = try Installation(settings: "[recorder]\ningest = false")
    try await installation.told {
      let frames = NumberedFrames(tag: 9)
      let studio = try await Studio.start(
        ["radio": frames], in: installation, burstBytes: burst)
      let start = try await studio.schedule("show", on: "radio", seconds: 15)
      try await reach(start + .milliseconds(6300))
      await installation.kill(.recorder)
      try await reach(start + .milliseconds(7000))
      try await installation.start(.recorder)
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(60))
      #expect(content.isFaithful, "\(content.report), \(content.strangeBytes) strange bytes")
      let told = Duration.microseconds(recording.file?.lossUs ?? -1)
      print(
        "recorder killed, burst \(burst): \(content.report), missing \(content.missing), told \(told)"
      )
      if burst > 0 { #expect(content.report.missing.isEmpty) }
      #expect(
        abs((told - content.missing).inSeconds) <= frames.frameDuration.inSeconds + 0.001,
        "\(recording.file?.gaps ?? [])")
      #expect(Files.recordings(in: installation.recordings).count == 1)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "of the recorder before the start, until after the end, is told as a missed show",
    .timeLimit(.minutes(3)))
  func recorderAway() async throws {
    let installation = try Installation(settings: "[recorder]\ningest = false")
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 11)], in: installation)
      let start = try await studio.schedule("show", on: "radio", in: 4, seconds: 4)
      try await studio.client.stream("radio", in: [.capturing], within: .seconds(4))
      await installation.kill(.recorder)
      // Long enough that what was captured before is not of the window, nor the burst after.
      try await reach(start + .seconds(10))
      try await installation.start(.recorder)
      let recording = try await studio.client.recording(
        of: "show", in: [.missed], within: .seconds(60))
      print("recorder away: \(recording.reason ?? "no reason")")
      #expect(recording.reason?.contains("not running") == true, "\(recording)")
      #expect(Files.recordings(in: installation.recordings).isEmpty)
      #expect(studio.archive.files.isEmpty)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  /// The services then end as on Ctrl-C, and the new ones wait for them to be gone.
  @Test(
    "of `airloom up` itself makes no second recording, and the loss it tells is the true one",
    .timeLimit(.minutes(3)))
  func supervisor() async throws {
    let installation = try Installation()
    try await installation.told {
      try await installation.up()
      let client = RESTClient(installation)
      try await client.logIn()
      let archive = try await Archive.start(for: client)
      let broadcaster = try await Broadcaster.start(["radio": NumberedFrames(tag: 10)])
      try await broadcaster.add("radio", to: client)
      let studio = Studio(
        installation: installation, client: client, broadcaster: broadcaster, archive: archive)
      let start = try await studio.schedule("show", on: "radio", seconds: 15)
      try await reach(start + .seconds(5))
      await installation.stop(.kill)
      try await installation.up()
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(60))
      let told = Duration.microseconds(recording.file?.lossUs ?? -1)
      print("up killed: \(content.report), told \(told)")
      #expect(content.isFaithful, "\(content.report)")
      #expect(
        abs((told - content.missing).inSeconds) <= content.frames.frameDuration.inSeconds + 0.001,
        "\(recording.file?.gaps ?? [])")
      #expect(Files.recordings(in: installation.recordings).count == 1)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
      try await eventually("nothing that it started is left") {
        TemporaryFolder.names(in: installation.home("run")).allSatisfy { !$0.hasPrefix("ingest-") }
      }
    }
  }
}
