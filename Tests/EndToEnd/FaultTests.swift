import Base
import Glibc
import Messages
import TestSupport
import Testing

/// What goes wrong while everything runs: it is shown with one sentence, and nothing is lost.
@Suite("A fault outside")
struct FaultTests {
  @Test(
    "a source or a server that is wrong is shown with its reason, and put right without loss",
    .timeLimit(.minutes(3)))
  func wrongPeers() async throws {
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 30)], in: installation)
      let client = studio.client
      // Nobody listens there.
      let silent = try LoopbackPort.free()
      try await client.post(
        "/api/v1/streams", StreamInput("silent", "http://127.0.0.1:\(silent)/live"))
      // A server that does not know our key, and one that is not who it was.
      let stranger = try await Self.stranger(studio, key: studio.archive.server.hostFingerprint)
      try await client.post("/api/v1/destinations", stranger.destination)
      var changed = studio.archive.input()
      changed.id = "changed"
      changed.folder += "/changed"
      changed.hostKey = "SHA256:" + String(repeating: "A", count: 43)
      mkdir(changed.folder, 0o777)
      chmod(changed.folder, 0o777)
      try await client.post("/api/v1/destinations", changed)
      let start = Instant(seconds: SystemTimeSource().now().seconds + 4)
      try await client.post(
        "/api/v1/schedules", ScheduleInput("nothing", on: "silent", at: start, seconds: 4))
      try await client.post(
        "/api/v1/schedules",
        ScheduleInput(
          "show", on: "radio", at: start, seconds: 4, to: ["archive", "stranger", "changed"]))

      let status = try await client.stream("silent", in: [.waiting], within: .seconds(10))
      #expect(status.reason?.contains("refused") == true, "\(status)")
      let missed = try await client.recording(of: "nothing", in: [.missed], within: .seconds(60))
      #expect(missed.reason?.isEmpty == false)
      print("unreachable: \(status.reason ?? ""); \(missed.reason ?? "")")

      try await Self.checkRefused(studio, stranger.server, changed)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  private static func stranger(
    _ studio: Studio, key: String
  ) async throws -> (server: OpenSSHServer, destination: Archive.Input) {
    let folder = try TemporaryFolder()
    let other = try await OpenSSHServer.makeKey(at: folder("other"))
    let server = try await OpenSSHServer.start(authorizedKey: other)
    var destination = Archive(server: server).input()
    destination.id = "stranger"
    return (server, destination)
  }

  private static func checkRefused(
    _ studio: Studio, _ stranger: OpenSSHServer, _ changed: Archive.Input
  ) async throws {
    let client = studio.client
    let recording = try await client.recording(
      of: "show", in: [.committed], within: .seconds(60))
    let file = try #require(recording.file)
    func delivery(to destination: String) async -> Delivery? {
      await client.deliveries(of: recording.id).first { $0.destination.text == destination }
    }
    let refused = try await eventually("both deliveries failed and the third is done") {
      let all = await client.deliveries(of: recording.id)
      let byDestination = Dictionary(uniqueKeysWithValues: all.map { ($0.destination.text, $0) })
      guard byDestination["archive"]?.state == .delivered,
        let key = byDestination["stranger"], key.reason != nil,
        let host = byDestination["changed"], host.reason != nil
      else { return (key: Delivery, host: Delivery)?.none }
      return (key, host)
    }
    print("wrong key: \(refused.key.state) \(refused.key.reason ?? "")")
    print("changed host key: \(refused.host.state) \(refused.host.reason ?? "")")
    #expect([.waiting, .dead].contains(refused.key.state))
    #expect(refused.key.reason?.contains("key") == true)
    #expect(
      refused.host.reason?.contains(studio.archive.server.hostFingerprint) == true,
      "\(refused.host)")
    #expect(try Files.hash(file.path) == file.sha256)

    let list = try await client.get("/api/v1/destinations", as: RESTClient.DestinationList.self)
    let shown = list.destinations.first { $0.id.text == "changed" }
    #expect(shown?.foundHostKey == studio.archive.server.hostFingerprint)
    #expect(shown?.fault?.isEmpty == false)

    // A person confirms the key that was found; the delivery goes on by itself.
    var confirmed = changed
    confirmed.hostKey = shown?.foundHostKey
    let answer = await client.command("PUT", "/api/v1/destinations/changed", confirmed)
    #expect(answer.isAcknowledged, "\(answer)")
    try await eventually("the confirmed destination has the file", within: .seconds(60)) {
      await delivery(to: "changed")?.state == .delivered
    }
    #expect(try Files.hash("\(changed.folder)/\(file.name)") == file.sha256)
    #expect(await delivery(to: "stranger")?.state != .delivered)
  }

  @Test(
    "a full disk is ridden out: the capture goes on by itself within ten seconds of space",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"), .timeLimit(.minutes(3)))
  func fullDisk() async throws {
    // Without a ballast, so that the tape feels it at once.
    let installation = try Installation(settings: "[recorder]\nballast_mib = 0")
    let disk = try SmallDisk(at: installation.home("media"), megabytes: 320)
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 31)], in: installation)
      let start = try await studio.schedule("show", on: "radio", in: 4, seconds: 24)
      try await reach(start + .seconds(4))
      try disk.fill()
      let blocked = try await studio.client.stream("radio", in: [.blocked], within: .seconds(15))
      print("full disk: \(blocked.reason ?? "")")
      #expect(blocked.reason?.isEmpty == false)
      disk.free()
      try await studio.client.stream("radio", in: [.capturing], within: .seconds(10))
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(90))
      let told = Duration.microseconds(recording.file?.lossUs ?? -1)
      print("full disk: \(content.report), told \(told)")
      #expect(content.isFaithful, "\(content.report)")
      #expect(abs((told - content.missing).inSeconds) <= 0.03)
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "a full disk under everything loses no show and no command",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"), .timeLimit(.minutes(3)))
  func fullHome() async throws {
    let installation = try Installation(megabytes: 320)
    let disk = try #require(installation.disk)
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 33)], in: installation)
      let start = try await studio.schedule("show", on: "radio", in: 4, seconds: 14)
      try await reach(start + .seconds(3))
      try disk.fill()
      let fault = try await eventually("the page shows what is wrong") {
        await studio.client.faults(of: "recorder-1").first
      }
      print("full home: \(fault)")
      // No room for the command either, which is told with what to do.
      let answer = await studio.client.command(
        "POST", "/api/v1/streams", StreamInput("late", "http://127.0.0.1:9/late"))
      guard case .refused(507, let sentence) = answer else {
        throw TestFailure("a command on a full disk was answered \(answer)")
      }
      #expect(sentence.contains("full"))
      try await reach(start + .seconds(9))
      disk.free()
      let (recording, content) = try await studio.arrived(
        "show", on: "radio", within: .seconds(90))
      let told = Duration.microseconds(recording.file?.lossUs ?? -1)
      print("full home: \(content.report), told \(told)")
      #expect(content.isSeamless, "\(content.report)")
      #expect(told == .zero)
      try await studio.client.post(
        "/api/v1/streams", StreamInput("late", "http://127.0.0.1:9/late"))
      for service in Service.working { #expect(installation.isRunning(service), "\(service)") }
      try await eventually("all is well again") {
        await studio.client.faults(of: "recorder-1").isEmpty
      }
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "a media folder that cannot be written is shown, and recorded into once it can",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"), .timeLimit(.minutes(3)))
  func readOnlyMedia() async throws {
    let installation = try Installation()
    let disk = try SmallDisk(at: installation.home("media"), megabytes: 320, isReadOnly: true)
    try await installation.told {
      let studio = try await Studio.start(["radio": NumberedFrames(tag: 32)], in: installation)
      let fault = try await eventually("the page shows that the recorder cannot write") {
        await studio.client.faults(of: "recorder-1").first
      }
      print("read-only media: \(fault)")
      #expect(fault.contains(disk.path))
      try disk.makeWritable()
      try await eventually("the fault is gone") {
        await studio.client.faults(of: "recorder-1").isEmpty
      }
      _ = try await studio.schedule("show", on: "radio", in: 3, seconds: 4)
      let (_, content) = try await studio.arrived("show", on: "radio", within: .seconds(60))
      #expect(content.isSeamless, "\(content.report)")
      studio.broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }
}
