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
  static func router(
    _ studio: Studio, _ settings: FFmpegSettings = FFmpegSettings(), pages: [String] = []
  ) -> SourceRouter {
    SourceRouter(
      http: HTTPOpener(client: studio.client), ffmpeg: FFmpegOpener(settings),
      page: HTTPOpener(client: studio.client), pages: pages)
  }

  /// Captures the stream until there are so many segments, and returns them. `meanwhile` is called again
  /// and again; FFmpeg's command line must not hold `secret`, and FFmpeg must end with the capture.
  static func capture(
    _ definition: StreamDefinition, _ studio: Studio, _ settings: FFmpegSettings = FFmpegSettings(),
    segments count: Int, hiding secret: String, meanwhile: () async throws -> Void = {}
  ) async throws -> [Segment] {
    // Other tests have children with the same command line.
    let mark = "AIRLOOM_TEST_MARK=\(studio.folder.path)"
    var settings = settings
    settings.environment["AIRLOOM_TEST_MARK"] = studio.folder.path
    let pool = CapturePool(studio.environment(opener: router(studio, settings)))
    await pool.define([definition])
    pool.want([.radio])
    try await eventually("\(count) segments", within: .seconds(120)) {
      try await meanwhile()
      return try await studio.segments(.radio).count >= count
    }
    let lines = children(with: mark)
    #expect(lines.count == 1 && lines.allSatisfy { !$0.contains(secret) }, "\(lines)")
    await pool.stop()
    try await eventually("FFmpeg is gone") { children(with: mark).isEmpty }
    return try await studio.segments(.radio)
  }

  /// Nothing is missing within the segments or between them: a picture every 40 ms.
  static func expectWhole(_ segments: [Segment], _ studio: Studio) async throws {
    for segment in segments.dropLast() {
      let media = try #require(segment.media)
      #expect(media.isIndependent && media.height == 180, "\(segment)")
    }
    for (one, next) in zip(segments, segments.dropFirst()) {
      #expect(abs((next.start - one.end).inSeconds) < 0.002 && next.splice == .continuous)
    }
    let joined = try studio.folder.file("all.ts", "")
    try DurableFile.write(try bytes(studio, segments), to: joined)
    let frames = try await pictures(joined)
    let seconds = segments.reduce(0) { $0 + $1.duration.inSeconds }
    #expect(abs(Double(frames) / 25 - seconds) < 0.3, "\(frames) \(seconds)")
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
    let port = station.port
    let url =
      switch kind {
      case .rtmp: "rtmp://listener:s3cr3t@127.0.0.1:\(port)/live/show"
      case .srt: "srt://127.0.0.1:\(port)?passphrase=correcthorse"
      case .udp: "udp://127.0.0.1:\(port)"
      case .multicast: "udp://239.255.77.1:\(port)?localaddr=127.0.0.1"
      case .rtp: "rtp://127.0.0.1:\(port)"
      case .rtpMulticast: "rtp://239.255.77.2:\(port)?localaddr=127.0.0.1"
      }
    let segments = try await Self.capture(
      CaptureTests.definition([url]), studio, segments: 3, hiding: "\(port)",
      meanwhile: station.keepOn)
    await station.stop()
    try await Self.expectWhole(segments, studio)
  }

  /// The command lines of FFmpegs that are alive and have that in their environment.
  private static func children(with mark: String) -> [String] {
    FolderListing.names(in: "/proc").compactMap { Int32($0) }.compactMap { pid in
      guard let environment = try? DurableFile.read("/proc/\(pid)/environ"),
        String(decoding: environment, as: UTF8.self).split(separator: "\0").contains(mark[...]),
        let line = try? DurableFile.read("/proc/\(pid)/cmdline"), line.starts(with: "ffmpeg".utf8)
      else { return nil }
      return String(decoding: line.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }
  }

  @Test(
    arguments: [
      ("udp", ["fifo_size", "overrun_nonfatal"]), ("rtp", []), ("srt", []), ("rtmp", []),
      ("rtsp", ["rtsp_transport"]), ("rtsps", ["rtsp_transport"]),
      ("rtmps", ["tls_verify", "ca_file"]), ("http", ["user_agent"]),
      ("https", ["user_agent", "tls_verify", "ca_file"]),
    ] as [(String, [String])])
  func `FFmpeg is given the options that the kind of address has, and no others`(
    _ scheme: String, _ options: [String]
  ) {
    let request = SourceRequest(
      "\(scheme)://studio.test/a'b", of: CaptureTests.definition([]), connectTimeout: .seconds(5))
    let lines = FFmpegCommand(request, mode: .copy, certificates: "/etc/studio.pem").list
      .split(separator: "\n")
    let names = lines.dropFirst(2).compactMap { $0.split(separator: " ").dropFirst().first }
    #expect(lines.prefix(2) == ["ffconcat version 1.0", "file '\(scheme)://studio.test/a'\\''b'"])
    #expect(names.map(String.init) == options)
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
