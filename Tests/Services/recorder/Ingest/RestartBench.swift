import Base
import Media
import Messages
import TestSupport

@testable import airloom_recorder

/// A recorder's program that captures numbered frames from an Icecast.
final class RestartBench: Sendable {
  static let rounds = RecorderBench.rounds

  struct Tape {
    var bytes: [UInt8]
    var report: NumberedReport
    /// Of any frames, also such as have no number.
    var frameCount: Int
    var segments: [Segment]
    var gaps: [Gap]
  }

  let frames: NumberedFrames
  let server: IcecastServer
  let source: NumberedIcecastSource
  private let recorder: RecorderBench

  private init(
    _ frames: NumberedFrames, _ server: IcecastServer, _ source: NumberedIcecastSource,
    _ recorder: RecorderBench
  ) {
    self.frames = frames
    self.server = server
    self.source = source
    self.recorder = recorder
  }

  /// Returns when the stream is being captured. `address` makes what the recorder connects to out of
  /// Icecast's address.
  static func start(
    _ frames: NumberedFrames, burst: Int, seconds: Int64 = 3600, extra: [String: String] = [:],
    address: (String) async throws -> String = { $0 }
  ) async throws -> RestartBench {
    let server = try await IcecastServer.start(burstBytes: burst)
    let source = try await CaptureTests.source(server, frames)
    let recorder = try await RecorderBench.start(
      try await address(server.url("live")), seconds: seconds, extra: extra)
    return RestartBench(frames, server, source, recorder)
  }

  var desk: RecorderProcessTests.Desk { recorder.desk }
  var window: (start: Instant, end: Instant) { recorder.window }
  var ingest: Int32? { recorder.ingest }
  var log: String { recorder.log }

  func give(_ url: String, version: Int64) async throws {
    try await recorder.give(url, version: version)
  }

  func launch(program: String? = nil) async throws { try await recorder.launch(program: program) }
  func end(_ signal: Int32) async { await recorder.end(signal) }
  func signal(_ number: Int32) { recorder.signal(number) }

  func capture(for duration: Duration) async throws { try await source.send(more: duration) }

  /// Ends source and recorder in order, and reads the tape.
  func close() async throws -> Tape {
    // What was sent so far has reached the tape before anything ends.
    try await capture(for: .seconds(1))
    let tape = try await recorder.close()
    source.stop()
    let (bytes, frames) = (tape.bytes, frames)
    let (report, count) = await onOwnThread {
      var scanner = FrameScanner()
      scanner.feed(bytes)
      var count = scanner.frames.count
      scanner.finish()
      count += scanner.frames.count
      return (NumberedReport(bytes, of: frames), count)
    }
    return Tape(
      bytes: bytes, report: report, frameCount: count, segments: tape.segments, gaps: tape.gaps)
  }
}
