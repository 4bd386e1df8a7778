import Base
import FoundationEssentials
import HTTPClient
import Messages
import Subprocess
import Synchronization
import TestSupport
import Testing

/// The real gateway plays the real recorder's tape, live and from the past, and is killed while it
/// does.
@Suite("HLS of a tape", .timeLimit(.minutes(15)))
struct HLSPlaybackTests {
  @Test func `players go on over a kill of the gateway, and hear exactly the frames of the tape`()
    async throws
  {
    try await Installation.run(services: []) { installation in
      let frames = NumberedFrames(tag: 77)
      let studio = try await Studio.start(["radio": frames], in: installation)
      let show = try await studio.schedule("live", on: "radio", in: 3, seconds: 60)
      let client = studio.client
      let player = LivePlayer(client, "/live/radio/stream.m3u8?window=60")
      try await eventually("the stream is live", within: .seconds(90)) {
        try await player.step()
        return player.entries.count >= 2
      }
      let stage = try await Self.stage(client)
      async let reports = stage.play(in: .chromium, count: 1, within: .seconds(240))
      try await eventually("the browser plays", within: .seconds(120)) {
        try await player.step()
        return stage.segments >= 2
      }
      let before = player.entries.count
      await installation.kill(.gateway)
      try await installation.start(.gateway, waitsUntilReady: true)
      try await eventually("both go on", within: .seconds(90)) {
        try? await player.step()
        return player.entries.count >= before + 3
      }
      for report in try await reports { #expect(report.isGood, "\(report)") }

      #expect(player.faults == [])
      let heard = NumberedReport(try await Self.frames(of: player.media), of: frames)
      #expect(heard.isSeamless, "\(heard)")

      // What is over is the tape, frame by frame.
      try await reach(show + .seconds(70))
      let path = "/live/radio/start/\(show.seconds - 30)/300/vod.m3u8"
      let vod = LivePlayer(client, path)
      try await eventually("all of the tape is told", within: .seconds(120)) {
        try await vod.step()
        return vod.playlist?.entries.last.map { $0.end >= show + .seconds(60) } ?? false
      }
      #expect(vod.faults == [])
      let played = NumberedReport(try await Self.frames(of: vod.media), of: frames)
      let tape = try await Self.tape(installation, frames)
      #expect(played.numbers == tape && !tape.isEmpty, "\(played)")
      #expect(Set(heard.numbers).isSubset(of: tape))
      await stage.stop()
      studio.broadcaster.stop()
    }
  }

  /// A page that plays live for long enough to be there before and after.
  private static func stage(_ client: RESTClient) async throws -> BrowserStage {
    let made = try await client.send(
      "POST", "/api/v1/tokens", Array(#"{"name":"browser"}"#.utf8))
    let text = String(decoding: made.body, as: UTF8.self)
    guard let secret = text.firstMatch(of: /airloom_[0-9a-f]{64}/)?.0 else {
      throw TestFailure("no token: \(text)")
    }
    return try BrowserStage(
      gateway: { client.port.map { "http://127.0.0.1:\($0)" } },
      header: ("Authorization", "Bearer \(secret)"),
      scenes: [.init(name: "live", stream: "radio", seconds: 20)])
  }

  /// As FFmpeg takes them out of the segments, one behind the other.
  private static func frames(of media: [UInt8]) async throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = try folder.file("media.ts", media)
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        ["-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "data", "-"]),
      outputLimit: 64 << 20, timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
    return run.output
  }

  /// The numbers in the tape's files, in the order of their sequence.
  private static func tape(
    _ installation: Installation, _ frames: NumberedFrames
  ) async throws -> [UInt64] {
    let run = try await ChildProcess.run(
      ChildCommand("find", [installation.home("media"), "-path", "*radio*", "-name", "*.mp3"]),
      timeout: .seconds(20))
    var files: [String] = []
    for line in run.text.split(separator: "\n") {
      let name = String(line)
      if name.wholeMatch(of: /.*-[0-9]{8}\.mp3/) != nil { files.append(name) }
    }
    files.sort { (one: String, other: String) in one.suffix(12) < other.suffix(12) }
    let sorted = files
    return try await onOwnThread {
      Result { () throws -> [UInt64] in
        try sorted.flatMap { try NumberedReport(fileAt: $0, of: frames).numbers }
      }
    }.get()
  }
}

/// A player of the test's own: reads the playlist again and again and takes each segment once.
private final class LivePlayer: Sendable {
  private struct State {
    var playlist: PlaylistReader?
    var entries: [PlaylistReader.Entry] = []
    var media: [UInt8] = []
    var faults: [String] = []
  }

  private let client: RESTClient
  private let path: String
  private let state = Mutex(State())

  init(_ client: RESTClient, _ path: String) {
    self.client = client
    self.path = path
  }

  var entries: [PlaylistReader.Entry] { state.withLock { $0.entries } }
  var playlist: PlaylistReader? { state.withLock { $0.playlist } }
  var media: [UInt8] { state.withLock { $0.media } }
  var faults: [String] { state.withLock { $0.faults } }

  /// Looks at the playlist once; nothing is changed where the gateway is away or has none yet.
  func step() async throws {
    guard let response = try? await client.send("GET", path), response.status == 200 else {
      return
    }
    let read = PlaylistReader(response.body)
    let known = state.withLock { state in
      state.faults += read.faults
      if let before = state.playlist { state.faults += before.breaches(by: read) }
      state.playlist = read
      return state.entries.last?.number ?? -1
    }
    for entry in read.entries where entry.number > known {
      let media = try await client.send("GET", entry.address)
      guard media.status == 200 else { return }
      state.withLock { state in
        state.entries.append(entry)
        state.media += media.body
      }
    }
  }
}
