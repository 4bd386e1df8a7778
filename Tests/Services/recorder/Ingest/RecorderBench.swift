import Base
import Glibc
import Messages
import Storage
import Subprocess
import Synchronization
import TestSupport

@testable import airloom_recorder

/// The recorder's program on one stream, which can be ended and started again, and the tape that it
/// leaves.
final class RecorderBench: Sendable {
  /// How often a test ends the recorder.
  static let rounds = Campaign.pick(short: 3, long: 10)

  struct Tape {
    var segments: [Segment]
    var gaps: [Gap]
    /// Of each segment.
    var files: [[UInt8]]

    var bytes: [UInt8] { files.flatMap(\.self) }
    /// But for what lies before the tape's beginning: a source may take its time to begin.
    var inside: [Gap] { gaps.filter { $0.end > segments.first?.start ?? .epoch } }
  }

  let desk: RecorderProcessTests.Desk
  let window: (start: Instant, end: Instant)
  private let child: Mutex<ChildProcess?>
  private let extra: [String: String]

  private init(
    _ desk: RecorderProcessTests.Desk, _ child: ChildProcess,
    window: (start: Instant, end: Instant), extra: [String: String]
  ) {
    self.desk = desk
    self.child = Mutex(child)
    self.window = window
    self.extra = extra
  }

  /// Returns when the stream at that address is being captured. `keepOn`: what a station needs meanwhile.
  static func start(
    _ url: String, seconds: Int64 = 3600, extra: [String: String] = [:],
    keepOn: () async throws -> Void = {}
  ) async throws -> RecorderBench {
    let desk = try await RecorderProcessTests.Desk()
    let recorder = try await desk.launch(extra)
    try await eventually("the recorder is heard", within: .seconds(60)) { !desk.pulses.all.isEmpty }
    // Its lead is two seconds, so it connects before the window opens.
    let start = SystemTimeSource().now() + .seconds(5)
    let bench = RecorderBench(
      desk, recorder, window: (start, start + .seconds(seconds)), extra: extra)
    try await bench.give(url, version: 1)
    try await eventually("the stream is captured", within: .seconds(120)) {
      try await keepOn()
      return desk.all(CaptureChanged.self).contains { $0.status.state == .capturing }
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

  /// Segments that are whole on disk.
  var storedSegments: Int {
    func count(_ folder: String) -> Int {
      FolderListing.names(in: folder).reduce(0) { sum, name in
        let path = folder + "/" + name
        let isWhole = MediaPath.parse(name).map { !$0.isPart } ?? false
        let isFrames = TapePath.parse(name).map { !$0.isPart && !$0.isHeld } ?? false
        return sum + (isWhole || isFrames ? 1 : count(path))
      }
    }
    return count(desk.home("media/tape/radio"))
  }

  /// Returns when so many further segments are on disk.
  func store(_ further: Int) async throws {
    let before = storedSegments
    try await eventually("\(further) more segments", within: .seconds(120)) {
      storedSegments >= before + further
    }
  }

  /// Ends the recorder as often as a test does, now by that signal, each time for less than two seconds
  /// and at another point of a segment.
  func restart(by signal: Int32) async throws {
    for round in 0..<Self.rounds {
      try await store(1)
      try await EndlessTapeTests.wait(.milliseconds(300 + 700 * round % 1900))
      await end(signal)
      try await EndlessTapeTests.wait(.milliseconds(100 + 600 * round % 1900))
      try await launch()
    }
    try await store(2)
  }

  /// Ends the recorder in order, and reads its tape.
  func close() async throws -> Tape {
    await end(SIGTERM)
    let database = try Database(
      path: desk.home("data/recorder-1.sqlite"), schemas: RecorderService.schemas)
    let (segments, gaps) = try await database.read { transaction in
      (
        try SegmentCatalog.from(.radio, sequence: 0, transaction),
        try GapCatalog.overlapping(.radio, from: .epoch, to: .distantFuture, transaction)
      )
    }
    let files = try segments.map { try DurableFile.read(desk.home("media/tape/" + $0.path)) }
    return Tape(segments: segments, gaps: gaps, files: files)
  }
}
