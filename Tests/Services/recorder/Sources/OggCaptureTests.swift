import Base
import HTTPClient
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Ogg streams of a real Icecast.
struct OggCaptureTests {
  /// What a listener gets, byte for byte, until it is told to stop.
  static func listen(_ url: String, seconds: Double) async throws -> [UInt8] {
    let client = HTTPClient()
    defer { client.stop() }
    let stream = try await client.stream(.endless(url))
    var bytes: [UInt8] = []
    let deadline = SystemTimeSource().monotonic() + .milliseconds(Int64(seconds * 1000))
    for try await chunk in stream {
      bytes += chunk.bytes
      if SystemTimeSource().monotonic() > deadline { break }
    }
    return bytes
  }

  static func frames(_ bytes: [UInt8]) -> [(hash: UInt64, bytes: [UInt8])] {
    var scanner = FrameScanner()
    scanner.feed(bytes)
    return scanner.withBytes { window in
      scanner.frames.map { ($0.hash, Array(window[$0.start..<$0.start + $0.length])) }
    }
  }

  /// FFmpeg's opinion: the seconds that it decodes.
  static func decodedSeconds(_ path: String) async throws -> Double {
    let run = try await ChildProcess.run(
      ChildCommand(
        "ffmpeg",
        ["-v", "error", "-xerror", "-i", path, "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]),
      outputLimit: 64 << 20, timeout: .seconds(60))
    guard run.exit.isSuccess, run.errorTail.isEmpty else {
      throw TestFailure("ffmpeg \(run.exit): \(run.errorText)")
    }
    return Double(run.output.count) / 96_000
  }

  @Test(arguments: [ToneSource.Format.vorbis, .opus, .flac])
  func `Pages land on the tape as they were sent, each segment playable, and a reconnect is exact`(
    _ format: ToneSource.Format
  ) async throws {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(format, to: server, mount: "live.ogg")
    let url = server.url("live.ogg")
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([CaptureTests.definition([url])])
    pool.want([.radio])
    async let heard = Self.listen(url, seconds: 14)
    try await eventually("three segments") { try await studio.segments(.radio).count >= 3 }
    pool.want([])
    try await eventually("the connection is over") {
      studio.told.last?.state == .idle
    }
    pool.want([.radio])
    try await eventually("the tape goes on") {
      try await studio.segments(.radio).count { $0.splice == .exact } == 1
    }
    let told = try await heard
    await pool.stop()
    await source.stop()
    let segments = try await studio.segments(.radio)
    // A station that has just begun has nothing to send yet.
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.allSatisfy { $0.end <= segments[0].start }, "\(gaps)")
    // What both heard is the same pages in the same order.
    var tape: [UInt64] = []
    for segment in segments {
      let path = studio.tapeRoot + "/" + segment.path
      let found = Self.frames(try DurableFile.read(path))
      #expect(Int64(found.count) == segment.run?.frames)
      tape += found.map(\.hash)
      let decoded = try await Self.decodedSeconds(path)
      #expect(abs(decoded - segment.duration.inSeconds) < 0.1, "\(decoded) \(segment.duration)")
    }
    #expect(Set(tape).count == tape.count)
    let other = Self.frames(told).map(\.hash)
    let first = try #require(tape.first { other.contains($0) })
    let common = other.drop { $0 != first }
    #expect(common.count >= 2 && tape.drop { $0 != first }.starts(with: common.prefix(3)))
    #expect(segments.dropFirst().allSatisfy { $0.splice == .continuous || $0.splice == .exact })
  }

  @Test func `A recording of an Opus stream is an Opus file with tags, packet for packet`()
    async throws
  {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(.opus, to: server, mount: "live.ogg")
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([CaptureTests.definition([server.url("live.ogg")])])
    pool.want([.radio])
    try await eventually("four segments") { try await studio.segments(.radio).count >= 4 }
    await pool.stop()
    await source.stop()
    let segments = try await studio.segments(.radio)
    let start = segments[0].start + .milliseconds(1500)
    let cut = try Cutter(root: studio.tapeRoot).cut(
      segments, from: start, to: segments[3].start, prefix: studio.folder("cut"))
    #expect(cut.parts.count == 1 && cut.damaged.isEmpty)
    let plan = plan(from: start, to: segments[3].start)
    let command = FinishCommand(cut.parts, plan: plan)
    #expect(command.form.fileExtension == "opus")
    let output = studio.folder("show.opus")
    let run = try await ChildProcess.run(
      command.child(output: output, tags: FileTags(plan)), timeout: .seconds(30))
    #expect(run.exit.isSuccess, "\(run.errorText)")
    #expect(try FrameDigest.ofFile(output) == cut.parts[0].digest)
    let decoded = try await Self.decodedSeconds(output)
    let expected = cut.parts[0].format.duration(ofSamples: cut.parts[0].digest.samples).inSeconds
    #expect(abs(decoded - expected) < 0.1, "\(decoded) \(expected)")
  }
}
