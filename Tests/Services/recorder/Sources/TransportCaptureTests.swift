import Base
import Glibc
import HTTPClient
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Endless transport streams, over HTTP and by FFmpeg, from real servers.
struct TransportCaptureTests {
  static func router(_ studio: Studio, pages: [String] = []) -> SourceRouter {
    SourceRouter(
      http: HTTPOpener(client: studio.client), ffmpeg: FFmpegOpener(),
      page: HTTPOpener(client: studio.client), pages: pages)
  }

  /// The tape's files one behind the other.
  static func bytes(_ studio: Studio, _ segments: [Segment]) throws -> [UInt8] {
    try segments.flatMap { try DurableFile.read(studio.tapeRoot + "/" + $0.path) }
  }

  static func pictures(_ path: String) async throws -> Int {
    let run = try await ChildProcess.run(
      ChildCommand(
        "ffprobe",
        [
          "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
          "stream=nb_read_frames", "-of", "default=nokey=1:noprint_wrappers=1", path,
        ]), timeout: .seconds(60))
    return run.text.split(whereSeparator: \.isNewline).first.flatMap { Int($0) } ?? 0
  }

  @Test func `A transport stream over HTTP is the same on the tape, byte for byte`() async throws {
    let folder = try TemporaryFolder()
    try await MovingPicture.makeFile(folder("show.ts"), seconds: 90)
    let source = try DurableFile.read(folder("show.ts"))
    // As fast as it is broadcast.
    let nginx = try await NginxServer.start(
      serving: folder.path, serverLines: ["limit_rate \(source.count / 90);"])
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: Self.router(studio)))
    await pool.define([CaptureTests.definition([nginx.url("show.ts")])])
    pool.want([.radio])
    try await eventually("five segments") { try await studio.segments(.radio).count >= 5 }
    try await eventually("the picture is told") { studio.told.contains { $0.height == 180 } }
    await pool.stop()
    await nginx.kill()
    let segments = try await studio.segments(.radio)
    let tape = try Self.bytes(studio, segments)
    #expect(source.firstRange(of: tape)?.lowerBound ?? .max <= 188)
    for (one, next) in zip(segments, segments.dropFirst()) {
      #expect(abs((next.start - one.end).inSeconds) < 0.002 && next.splice == .continuous)
    }
    for segment in segments {
      let media = try #require(segment.media)
      #expect(media.container == .transportStream && media.height == 180 && media.isIndependent)
      #expect(media.codecs.contains("avc1") && media.codecs.contains("mp4a"))
      let frames = try await Self.pictures(studio.tapeRoot + "/" + segment.path)
      #expect(abs(Double(frames) / 25 - segment.duration.inSeconds) < 0.1)
    }
  }

  @Test(arguments: MovingPicture.Kind.allCases)
  func `What FFmpeg reads is captured, and no secret stands on a command line`(
    _ kind: MovingPicture.Kind
  ) async throws {
    let station = try await MovingPicture.start(kind)
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: Self.router(studio)))
    let port = station.port
    let url =
      switch kind {
      case .rtmp: "rtmp://listener:s3cr3t@127.0.0.1:\(port)/live/show"
      case .srt: "srt://127.0.0.1:\(port)?passphrase=correcthorse"
      case .udp: "udp://127.0.0.1:\(port)"
      case .multicast: "udp://239.255.77.1:\(port)?localaddr=127.0.0.1"
      }
    await pool.define([CaptureTests.definition([url])])
    pool.want([.radio])
    try await eventually("three segments", within: .seconds(120)) {
      try await station.keepOn()
      return try await studio.segments(.radio).count >= 3
    }
    let lines = try Self.commandLines(below: getpid()).filter { $0.contains("format_whitelist") }
    #expect(!lines.isEmpty && lines.allSatisfy { !$0.contains("\(port)") }, "\(lines)")
    await pool.stop()
    await station.stop()
    let segments = try await studio.segments(.radio)
    for segment in segments.dropLast() {
      let media = try #require(segment.media)
      #expect(media.isIndependent && media.height == 180, "\(segment)")
    }
    // Nothing is missing between them.
    let joined = try studio.folder.file("all.ts", "")
    try DurableFile.write(try Self.bytes(studio, segments), to: joined)
    let frames = try await Self.pictures(joined)
    let seconds = segments.reduce(0) { $0 + $1.duration.inSeconds }
    #expect(abs(Double(frames) / 25 - seconds) < 0.3, "\(frames) \(seconds)")
    // The child ends with the capture.
    try await eventually("FFmpeg is gone") {
      try Self.commandLines(below: getpid()).allSatisfy {
        !$0.contains("format_whitelist") || !lines.contains($0)
      }
    }
  }

  /// Of this process's children that are alive.
  static func commandLines(below parent: pid_t) throws -> [String] {
    FolderListing.names(in: "/proc").compactMap { Int32($0) }.compactMap { pid in
      guard let status = try? DurableFile.read("/proc/\(pid)/stat"),
        let line = try? DurableFile.read("/proc/\(pid)/cmdline"), !line.isEmpty,
        let close = status.lastIndex(of: UInt8(ascii: ")"))
      else { return nil }
      let fields = String(decoding: status[(close + 2)...], as: UTF8.self).split(separator: " ")
      guard fields.count > 1, Int32(fields[1]) == parent else { return nil }
      return String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }
  }

  @Test func `Sound that a transport stream does not take comes in Ogg, unchanged`() async throws {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(.vorbis, to: server, mount: "live.ogg")
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: Self.router(studio)))
    var definition = CaptureTests.definition([server.url("live.ogg")])
    definition.source = .ffmpeg
    await pool.define([definition])
    pool.want([.radio])
    try await eventually("three segments", within: .seconds(60)) {
      try await studio.segments(.radio).count >= 3
    }
    await pool.stop()
    await source.stop()
    let segments = try await studio.segments(.radio)
    #expect(segments.allSatisfy { $0.run?.format.codec == .vorbis })
  }

  @Test(arguments: [
    ("rtmp://127.0.0.1:1/live/x", Gap.Cause.sourceUnreachable, "refused"),
    ("gopher://127.0.0.1/x", .sourceRefused, "gopher"),
    ("file:///etc/passwd", .sourceRefused, "file"),
    ("device:hw:0", .sourceRefused, "inputFormat"),
  ])
  func `A source that cannot be read says why`(
    _ url: String, _ cause: Gap.Cause, _ word: String
  ) async throws {
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: Self.router(studio)))
    await pool.define([CaptureTests.definition([url])])
    pool.want([.radio])
    try await eventually("the reason is told") {
      studio.told.contains { $0.state == .waiting }
    }
    let reason = try #require(studio.told.last { $0.state == .waiting }?.reason)
    #expect(reason.lowercased().contains(word.lowercased()), "\(reason)")
    await pool.stop()
    #expect(try await studio.gaps(.radio).contains { $0.cause == cause })
  }
}
