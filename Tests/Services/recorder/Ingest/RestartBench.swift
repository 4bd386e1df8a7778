import Base
import CDetach
import Glibc
import Media
import Messages
import Storage
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// An Icecast, a source of numbered frames, and the recorder's program that captures it, which can be
/// ended and started again.
final class RestartBench: Sendable {
  /// How often a test ends the recorder.
  static let rounds = Campaign.pick(short: 3, long: 10)

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
  let desk: RecorderProcessTests.Desk
  let window: (start: Instant, end: Instant)
  private let child = Mutex<ChildProcess?>(nil)
  private let extra: [String: String]

  private init(
    _ frames: NumberedFrames, _ server: IcecastServer, _ source: NumberedIcecastSource,
    _ desk: RecorderProcessTests.Desk, window: (start: Instant, end: Instant),
    extra: [String: String]
  ) {
    self.frames = frames
    self.server = server
    self.source = source
    self.desk = desk
    self.window = window
    self.extra = extra
  }

  /// Returns when the stream is being captured. `address` makes what the recorder connects to out of
  /// Icecast's address.
  static func start(
    _ frames: NumberedFrames, burst: Int, seconds: Int64 = 3600, extra: [String: String] = [:],
    address: (String) async throws -> String = { $0 }
  ) async throws -> RestartBench {
    let server = try await IcecastServer.start(burstBytes: burst)
    let source = try await CaptureTests.source(server, frames)
    let desk = try await RecorderProcessTests.Desk()
    let recorder = try await desk.launch(extra)
    try await eventually("the recorder is heard", within: .seconds(60)) { !desk.pulses.all.isEmpty }
    // Its lead is two seconds, so it connects before the window opens.
    let start = SystemTimeSource().now() + .seconds(5)
    let bench = RestartBench(
      frames, server, source, desk, window: (start, start + .seconds(seconds)), extra: extra)
    bench.child.withLock { $0 = recorder }
    try await bench.give(try await address(server.url("live")), version: 1)
    try await eventually("the stream is captured", within: .seconds(60)) {
      desk.all(CaptureChanged.self).contains { $0.status.state == .capturing }
        && SystemTimeSource().now() > start
    }
    return bench
  }

  func give(_ url: String, version: Int64) async throws {
    try await desk.give(
      RecorderProcessTests.set(url, version, [plan(from: window.start, to: window.end)]))
  }

  func launch(program: String? = nil) async throws {
    let started = try await desk.launch(extra, program: program)
    child.withLock { $0 = started }
  }

  func end(_ signal: Int32) async {
    let running = child.withLock { child in
      defer { child = nil }
      return child
    }
    await running?.stop(StopLadder([.init(.signal(signal), grace: .seconds(30))]))
  }

  func signal(_ number: Int32) { child.withLock { $0 }?.signal(number) }

  /// The source's time is what passes: so much of it is sent.
  func capture(for duration: Duration) async throws {
    let count = source.log.count + Int(duration.inSeconds / frames.frameDuration.inSeconds)
    try await eventually("the source has sent more", within: .seconds(60)) {
      source.log.count >= count
    }
  }

  /// The process that holds the connections.
  var ingest: Int32? {
    let sockets = FolderListing.names(in: desk.home("run")).filter {
      $0.hasPrefix("ingest-recorder-1") && $0.hasSuffix(".sock")
    }
    guard let name = sockets.last,
      let descriptor = try? UnixSocket.connect(desk.home("run/\(name)"))
    else { return nil }
    defer { Glibc.close(descriptor) }
    return UnixSocket.process(descriptor)
  }

  var log: String { (try? desk.home.text("recorder.log")) ?? "" }

  /// Ends source and recorder in order, and reads the tape.
  func close() async throws -> Tape {
    // The last that was sent has reached the tape before anything ends.
    try await Task.sleep(for: .seconds(1))
    await end(SIGTERM)
    source.stop()
    let database = try Database(
      path: desk.home("data/recorder-1.sqlite"), schemas: RecorderService.schemas)
    let (segments, gaps) = try await database.read { transaction in
      (
        try SegmentCatalog.from(.radio, sequence: 0, transaction),
        try GapCatalog.overlapping(.radio, from: .epoch, to: .distantFuture, transaction)
      )
    }
    let bytes = try segments.flatMap { try DurableFile.read(desk.home("media/tape/" + $0.path)) }
    let frames = frames
    let (report, count) = await onOwnThread {
      var scanner = FrameScanner()
      scanner.feed(bytes)
      var count = scanner.frames.count
      scanner.finish()
      count += scanner.frames.count
      return (NumberedReport(bytes, of: frames), count)
    }
    return Tape(
      bytes: bytes, report: report, frameCount: count,
      segments: segments, gaps: gaps)
  }
}
