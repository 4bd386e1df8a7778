import Base
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// RTSP from a real server, whose timestamps come by RTP: without decoding times.
struct RTSPCaptureTests {
  static let login = (user: "listener", password: "s3cr3t")

  /// `extra`: further arguments for FFmpeg.
  static func show(_ folder: TemporaryFolder, extra: [String] = []) async throws -> String {
    let path = folder("show.mp4")
    try await MovingPicture.makeFile(
      path, seconds: 240, extra: ["-movflags", "+faststart"] + extra)
    return path
  }

  private static func url(_ server: RTSPServer, password: String = login.password) -> String {
    "rtsp://\(login.user):\(password)@127.0.0.1:\(server.port)/show"
  }

  @Test(arguments: [0, 2])
  func `A camera behind a password is captured whole, its pictures sent in order or not`(
    _ reordered: Int
  ) async throws {
    let folder = try TemporaryFolder()
    let server = try await RTSPServer.start(
      try await Self.show(folder, extra: ["-bf", "\(reordered)"]), login: Self.login)
    let studio = try Studio()
    let segments = try await TransportCaptureTests.capture(
      CaptureTests.definition([Self.url(server)]), studio, segments: 3, hiding: Self.login.password)
    await server.stop()
    try await TransportCaptureTests.expectWhole(segments, studio)
    try await Self.expectTimes(studio, reordered: reordered)
  }

  /// Every picture has a time of its own, 40 ms from its neighbour, and all come in decoding order.
  private static func expectTimes(_ studio: Studio, reordered: Int) async throws {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        [
          "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,dts", "-of",
          "csv=p=0:nk=1", studio.folder("all.ts"),
        ]), timeout: .seconds(60))
    let times = run.text.split(whereSeparator: \.isNewline).map { line in
      line.split(separator: ",").compactMap { Int($0) }
    }.filter { !$0.isEmpty }
    #expect(times.allSatisfy { $0.count == 2 && $0[0] >= $0[1] })
    let decoding = times.compactMap(\.last)
    #expect(zip(decoding, decoding.dropFirst()).allSatisfy(<))
    #expect(times.contains { $0.first != $0.last } == (reordered > 0))
    // Not the first: when FFmpeg has it, it does not know when it is shown. Nor the last, of which those
    // that are shown before were yet to come.
    let shown = times.compactMap(\.first).dropFirst().sorted().dropLast(4)
    #expect(zip(shown, shown.dropFirst()).allSatisfy { abs($1 - $0 - 3600) < 180 }, "\(shown)")
  }

  @Test func `A camera's sound alone is captured`() async throws {
    let folder = try TemporaryFolder()
    let server = try await RTSPServer.start(
      try await Self.show(folder, extra: ["-vn"]), hasPicture: false)
    let studio = try Studio()
    let segments = try await TransportCaptureTests.capture(
      CaptureTests.definition([server.url]), studio, segments: 2, hiding: "\(server.port)")
    await server.stop()
    for (one, next) in zip(segments, segments.dropFirst()) {
      #expect(next.splice == .continuous && abs((next.start - one.end).inSeconds) < 0.002)
    }
    #expect(segments.allSatisfy { $0.media?.codecs.contains("mp4a") ?? false })
  }

  @Test func `A wrong password is refused in one sentence, without it`() async throws {
    let folder = try TemporaryFolder()
    let server = try await RTSPServer.start(try await Self.show(folder), login: Self.login)
    let studio = try Studio()
    let answer = try await FailingSource.said(
      Self.url(server, password: "wr0ng"), studio, TransportCaptureTests.router(studio))
    await server.stop()
    #expect(answer.causes.contains(.sourceRefused))
    #expect(answer.sentence.contains("401") && answer.sentence.hasSuffix("."), "\(answer.sentence)")
    #expect(!answer.sentence.contains("wr0ng") && !answer.sentence.contains(Self.login.password))
  }

  @Test func `An encrypted camera is captured, whoever signed its certificate`() async throws {
    let folder = try TemporaryFolder()
    let server = try await RTSPServer.start(try await Self.show(folder), isEncrypted: true)
    let studio = try Studio()
    let segments = try await TransportCaptureTests.capture(
      CaptureTests.definition([server.url]), studio, segments: 2, hiding: "\(server.port)")
    await server.stop()
    try await TransportCaptureTests.expectWhole(segments, studio)
  }
}

/// A source that brings nothing, and what a capture says of it.
enum FailingSource {
  /// Why the stream waits, and what the ledger calls that; what went before the first answer, as with every
  /// source, is `source-unreachable`.
  static func said(
    _ url: String, _ studio: Studio, _ opener: SourceRouter, inputFormat: String? = nil
  ) async throws -> (causes: Set<Gap.Cause>, sentence: String) {
    let pool = CapturePool(studio.environment(opener: opener))
    var definition = CaptureTests.definition([url])
    definition.inputFormat = inputFormat
    await pool.define([definition])
    pool.want([.radio])
    try await eventually("the reason is told", within: .seconds(60)) {
      studio.told.contains { $0.state == .waiting }
    }
    let sentence = try #require(studio.told.first { $0.state == .waiting }?.reason)
    await pool.stop()
    return (Set(try await studio.gaps(.radio).map(\.cause)), sentence)
  }
}
