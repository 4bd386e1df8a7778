import Base
import Glibc
import HTTPClient
import Messages
import TestSupport
import Testing

/// The whole suite as a person starts it, from a schedule to a file on a server.
@Suite("The full path")
struct FullPathTests {
  /// How far the first frame's sending may lie from the window's start, and the last one's from its
  /// end: the tape is labelled by the arrival of frames through Icecast. Measured here: start
  /// +0.007 … +0.020 s, end −0.020 … −0.000 s; the rest is for a machine that is busy.
  static let tolerance = Duration.milliseconds(300)

  @Test(
    "a minute of MP3, an AAC stream and a cron schedule arrive whole, and play only after a login",
    .timeLimit(.minutes(4)))
  func threeShows() async throws {
    let installation = try Installation()
    try await installation.told {
      try await installation.up()
      let client = RESTClient(installation)
      try await client.logIn()
      let archive = try await Archive.start(for: client)
      let broadcaster = try await Broadcaster.start([
        "mp3": NumberedFrames(tag: 1),
        "aac": NumberedFrames(.adts(payload: 200, sampleRate: 48_000), tag: 2),
        "low": NumberedFrames(.mp3(kilobits: 64, sampleRate: 48_000), tag: 3),
      ])
      for mount in ["mp3", "aac", "low"] { try await broadcaster.add(mount, to: client) }
      let start = Instant(seconds: SystemTimeSource().now().seconds + 8)
      try await client.post(
        "/api/v1/schedules", ScheduleInput("minute", on: "mp3", at: start, seconds: 60))
      try await client.post(
        "/api/v1/schedules", ScheduleInput("short", on: "aac", at: start, seconds: 20))
      try await client.post(
        "/api/v1/schedules",
        ScheduleInput("daily", on: "low", Self.kathmandu(start), seconds: 15))

      async let daily: Void = Self.checkMP3(
        "daily", seconds: 15, start, client, archive, try broadcaster.source("low"))
      async let short: Void = Self.checkAAC(
        "short", seconds: 20, start, client, archive, try broadcaster.source("aac"))
      try await Self.checkMP3(
        "minute", seconds: 60, start, client, archive, try broadcaster.source("mp3"))
      _ = try await (daily, short)
      #expect(archive.files.count == 3)
      #expect(Files.recordings(in: installation.recordings).count == 3)
      try await Self.checkPlayback("minute", client)
      broadcaster.stop()
      #expect(await installation.stop().isEmpty)
    }
  }

  /// Every day at that time, as the clocks of a zone 5:45 ahead of UTC without summer time show it.
  private static func kathmandu(_ start: Instant) -> ScheduleRule {
    let second = (start.seconds + 5 * 3600 + 45 * 60) % 86_400
    return .cron(
      expression: "\(second % 60) \(second / 60 % 60) \(second / 3600) * * *",
      zone: "Asia/Kathmandu", both: false)
  }

  private static func checkMP3(
    _ schedule: String, seconds: Int, _ start: Instant, _ client: RESTClient, _ archive: Archive,
    _ source: NumberedIcecastSource
  ) async throws {
    let (recording, file, path) = try await arrived(
      schedule, within: .seconds(seconds + 60), client, archive)
    #expect(recording.start == start)
    let content = try NumberedFile(mp3: path, of: source.frames)
    #expect(content.isSeamless, "\(content.report), \(content.strangeBytes) strange bytes")
    try await checkLength(content, path, seconds: seconds)
    try checkWindow(content, schedule, recording, source)
    #expect(file.gaps.isEmpty)
    #expect(file.contentType == "audio/mpeg")
    let facts = try await MediaProbe.facts(path)
    #expect(facts.format.name == "mp3")
    #expect(facts.tag("artist") == "A Station")
    #expect(facts.tag("album") == "A Programme")
    #expect(facts.tag("title")?.hasSuffix("Show \(schedule)") == true)
    #expect(facts.tag("date") != nil)
    #expect(abs(facts.seconds - Double(seconds)) < 0.1)
  }

  private static func checkAAC(
    _ schedule: String, seconds: Int, _ start: Instant, _ client: RESTClient, _ archive: Archive,
    _ source: NumberedIcecastSource
  ) async throws {
    let (recording, file, path) = try await arrived(
      schedule, within: .seconds(seconds + 60), client, archive)
    let content = try NumberedFile(m4a: path, of: source.frames)
    #expect(content.isSeamless, "\(content.report)")
    try await checkLength(content, path, seconds: seconds)
    try checkWindow(content, schedule, recording, source)
    #expect(file.gaps.isEmpty)
    #expect(file.contentType == "audio/mp4")
    let facts = try await MediaProbe.facts(path)
    #expect(facts.streams.first?.codec == "aac")
    #expect(facts.tag("artist") == "A Station")
  }

  /// Waits for the delivery, and returns where the file lies on the server.
  private static func arrived(
    _ schedule: String, within limit: Duration, _ client: RESTClient, _ archive: Archive
  ) async throws -> (Recording, FinishedFile, String) {
    let (recording, delivery) = try await client.delivered(schedule, within: limit)
    let file = try #require(recording.file)
    #expect(delivery.attempts == 1)
    let path = "\(archive.server.folder)/\(file.name)"
    #expect(try Files.hash(path) == file.sha256)
    #expect(try Files.hash(file.path) == file.sha256)
    return (recording, file, path)
  }

  private static func checkLength(_ content: NumberedFile, _ path: String, seconds: Int)
    async throws
  {
    let frames = content.frames
    let wanted = seconds * frames.sampleRate
    let count = content.report.numbers.count
    #expect(abs(count * frames.samplesPerFrame - wanted) <= frames.samplesPerFrame)
    let decoded = try await MediaProbe.decodedSamples(path)
    #expect(abs(decoded - wanted) <= frames.samplesPerFrame, "\(decoded) instead of \(wanted)")
  }

  private static func checkWindow(
    _ content: NumberedFile, _ schedule: String, _ recording: Recording,
    _ source: NumberedIcecastSource
  ) throws {
    let offsets = try content.offsets(
      from: recording.paddedStart, to: recording.paddedEnd, in: source)
    print("\(schedule): \(content.report); start off by \(offsets.start), end by \(offsets.end)")
    #expect(abs(offsets.start.inSeconds) < tolerance.inSeconds)
    #expect(abs(offsets.end.inSeconds) < tolerance.inSeconds)
  }

  private static func checkPlayback(_ schedule: String, _ client: RESTClient) async throws {
    let recording = try #require(await client.recordings(of: schedule).first)
    let file = try #require(recording.file)
    let address = "/api/v1/recordings/\(recording.id)/file"
    let whole = try await client.send("GET", address)
    #expect(whole.status == 200)
    #expect(hexadecimal(SHA256.hash(whole.body)) == file.sha256)
    #expect(whole.headers["Content-Type"] == "audio/mpeg")
    for (from, to) in [(0, 1), (1000, 65_999), (file.bytes - 500, file.bytes - 1)] {
      let part = try await client.send("GET", address, headers: ["Range": "bytes=\(from)-\(to)"])
      #expect(part.status == 206)
      #expect(part.headers["Content-Range"] == "bytes \(from)-\(to)/\(file.bytes)")
      #expect(part.body == Array(whole.body[Int(from)...Int(to)]))
    }
    let beyond = try await client.send(
      "GET", address, headers: ["Range": "bytes=\(file.bytes)-"])
    #expect(beyond.status == 416)

    client.logOut()
    let closed = [
      address, "/api/v1/recordings", "/api/v1/streams", "/api/v1/schedules",
      "/api/v1/destinations", "/api/v1/deliveries", "/api/v1/status", "/api/v1/nodes",
      "/api/v1/events", "/api/v1/recordings/\(recording.id)/log",
    ]
    for path in closed {
      let response = try await client.send("GET", path)
      #expect(response.status == 401, "\(path) answered \(response.status)")
      #expect(response.body.count < 1000)
    }
  }
}
