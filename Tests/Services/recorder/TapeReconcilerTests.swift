import Base
import Glibc
import Media
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

struct TapeReconcilerTests {
  static let frames = NumberedFrames()
  static let format = FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2)

  /// Puts a file on the tape, with or without its row.
  static func put(
    _ studio: Studio, _ sequence: Int64, numbers: Range<UInt64>, isPart: Bool = false,
    hasRow: Bool, extra: [UInt8] = []
  ) async throws -> Segment {
    let start = Instant(seconds: 1_700_000_000) + frames.start(ofFrame: numbers.lowerBound)
    let path = TapePath.path(.radio, start: start, sequence: sequence, codec: .mp3)
    let bytes = frames.frames(numbers)
    try studio.folder.file(
      "tape/" + path + (isPart ? TapePath.partSuffix : ""), bytes + extra)
    let segment = Segment(
      stream: .radio, sequence: sequence, start: start, samples: Int64(numbers.count) * 1152,
      frames: Int64(numbers.count), bytes: Int64(bytes.count), format: format, path: path,
      splice: .continuous)
    if hasRow {
      try await studio.database.write { try SegmentCatalog.insert(segment, $0) }
    }
    return segment
  }

  static func run(_ studio: Studio) async throws -> TapeReconciler.Report {
    try await TapeReconciler(root: studio.tapeRoot).run(studio.database, log: .silent)
  }

  @Test func `A whole tape is left alone`() async throws {
    let studio = try Studio()
    for index in UInt64(0)..<3 {
      _ = try await Self.put(
        studio, Int64(index), numbers: index * 100..<index * 100 + 100, hasRow: true)
    }
    #expect(try await Self.run(studio) == TapeReconciler.Report())
    #expect(try await studio.report(.radio, of: Self.frames).isSeamless)
  }

  @Test(arguments: [0, 1, 100, 1000])
  func `A part file is salvaged to its last whole frame`(_ torn: Int) async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    let part = try await Self.put(
      studio, 1, numbers: 100..<150, isPart: true, hasRow: false,
      extra: Array(Self.frames.frame(150).prefix(torn)))
    #expect(try await Self.run(studio).salvaged == 1)
    let segments = try await studio.segments(.radio)
    #expect(segments.count == 2)
    #expect(segments[1].isRecovered && segments[1].start == part.start)
    let report = try await studio.report(.radio, of: Self.frames)
    // 1000 bytes are more than the whole frame.
    #expect(report.isSeamless && report.numbers.count == (torn == 1000 ? 151 : 150), "\(report)")
    #expect(!FolderListing.exists(studio.tapeRoot + "/" + part.path + TapePath.partSuffix))
    #expect(try await Self.run(studio) == TapeReconciler.Report())
  }

  @Test func `A tail of zeros, as after a power cut, is cut off`() async throws {
    let studio = try Studio()
    _ = try await Self.put(
      studio, 0, numbers: 0..<50, isPart: true, hasRow: false,
      extra: [UInt8](repeating: 0, count: 4096))
    #expect(try await Self.run(studio).salvaged == 1)
    let segments = try await studio.segments(.radio)
    #expect(segments.map { $0.run?.frames } == [50])
    let path = studio.tapeRoot + "/" + segments[0].path
    #expect(try DurableFile.read(path).count == Int(segments[0].bytes))
  }

  @Test func `A label that was not certain is bounded by when the file was written`() async throws {
    let studio = try Studio()
    let part = try await Self.put(studio, 0, numbers: 0..<100, isPart: true, hasRow: false)
    // Written two seconds before the label would allow.
    let path = studio.tapeRoot + "/" + part.path + TapePath.partSuffix
    let written = part.end - .seconds(2)
    var times = [
      // UTIME_OMIT: the time of the last access stays.
      timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFE),
      timespec(
        tv_sec: Int(written.seconds), tv_nsec: written.microsecondsOfSecond * 1000),
    ]
    #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    _ = try await Self.run(studio)
    let segment = try #require(try await studio.segments(.radio).first)
    #expect(segment.start == part.start - .seconds(2))
  }

  @Test func `A segment whose row was lost is taken up again`() async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    let orphan = try await Self.put(studio, 1, numbers: 100..<200, hasRow: false)
    #expect(try await Self.run(studio).adopted == 1)
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.start) == [segments[0].start, orphan.start])
    #expect(try await studio.report(.radio, of: Self.frames).isSeamless)
  }

  @Test func `A row whose file is gone becomes a gap`() async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    let gone = try await Self.put(studio, 1, numbers: 100..<200, hasRow: true)
    _ = try await Self.put(studio, 2, numbers: 200..<300, hasRow: true)
    unlink(studio.tapeRoot + "/" + gone.path)
    #expect(try await Self.run(studio).missing == 1)
    #expect(try await studio.segments(.radio).map(\.sequence) == [0, 2])
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.map(\.cause) == [.tapeDamaged])
    #expect(gaps.first?.start == gone.start && gaps.first?.end == gone.end)
  }

  @Test func `A part file whose segment is on the tape already is removed`() async throws {
    let studio = try Studio()
    let whole = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    try studio.folder.file(
      "tape/" + whole.path + TapePath.partSuffix, Self.frames.frames(0..<50))
    #expect(try await Self.run(studio).removed == 1)
    #expect(try await studio.report(.radio, of: Self.frames).isSeamless)
  }

  @Test func `An empty part file and strangers' files are no segments`() async throws {
    let studio = try Studio()
    let path = TapePath.path(
      .radio, start: Instant(seconds: 1_700_000_000), sequence: 0, codec: .mp3)
    try studio.folder.file("tape/" + path + TapePath.partSuffix, [])
    try studio.folder.file("tape/" + DurableFile.folder(of: path) + "/notes.txt", "hello")
    #expect(try await Self.run(studio).removed == 1)
    #expect(try await studio.segments(.radio).isEmpty)
    #expect(
      FolderListing.exists(
        studio.tapeRoot + "/" + DurableFile.folder(of: path) + "/notes.txt"))
  }

  /// Writes frames that a capture held back when it died, labelled by when they came.
  static func hold(
    _ studio: Studio, _ sequence: Int64, numbers: Range<UInt64>, torn: Int = 0
  ) throws -> String {
    let start = Instant(seconds: 1_700_000_000) + frames.start(ofFrame: numbers.lowerBound)
    let path =
      TapePath.path(.radio, start: start, sequence: sequence, codec: .mp3) + TapePath.heldSuffix
    try studio.folder.file(
      "tape/" + path, frames.frames(numbers) + frames.frame(numbers.upperBound).prefix(torn))
    return studio.tapeRoot + "/" + path
  }

  @Test(arguments: [0, 100])
  func `Frames that were held back are spliced onto the tape`(_ torn: Int) async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    let held = try Self.hold(studio, 1, numbers: 60..<150, torn: torn)
    #expect(try await Self.run(studio).salvaged == 1)
    let report = try await studio.report(.radio, of: Self.frames)
    #expect(report.isSeamless && report.numbers.count == 150, "\(report)")
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.splice) == [.continuous, .exact])
    #expect(segments[1].start == segments[0].end)
    #expect(!FolderListing.exists(held))
    #expect(try await Self.run(studio) == TapeReconciler.Report())
  }

  @Test func `Frames that were held back after an outage follow a gap`() async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    _ = try Self.hold(studio, 1, numbers: 300..<400)
    #expect(try await Self.run(studio).salvaged == 1)
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.splice) == [.continuous, .afterGap])
    let distance = segments[1].start - segments[0].start - Self.frames.start(ofFrame: 300)
    #expect(distance.microseconds == 0)
  }

  /// A kill between the append and the removal of the file, at any byte of the append.
  @Test(arguments: [0, 1, 10_000, 20_000, .max])
  func `Frames that were held back and stored as well are on the tape once`(
    _ written: Int
  ) async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, hasRow: true)
    _ = try Self.hold(studio, 1, numbers: 60..<180)
    let start = Instant(seconds: 1_700_000_000) + Self.frames.start(ofFrame: 100)
    let path = TapePath.path(.radio, start: start, sequence: 1, codec: .mp3)
    try studio.folder.file(
      "tape/" + path + TapePath.partSuffix,
      Array(Self.frames.frames(100..<180).prefix(written)))
    _ = try await Self.run(studio)
    let report = try await studio.report(.radio, of: Self.frames)
    #expect(report.isSeamless && report.numbers.count == 180, "\(report)")
  }

  @Test func `Hours that a crash touched long before the newest ones are looked at`() async throws {
    let studio = try Studio()
    let crashed = try await Self.put(studio, 0, numbers: 0..<100, isPart: true, hasRow: false)
    // The clock was set back: what was captured before stands in later hours.
    for hour in UInt64(1)...8 {
      let first = hour * 137_813
      _ = try await Self.put(
        studio, Int64(hour), numbers: first..<first + 100, hasRow: true)
    }
    try await studio.database.write { transaction in
      try RecordingCatalog.noteAlive(crashed.end, transaction)
    }
    #expect(try await Self.run(studio).salvaged == 1)
    #expect(try await studio.segments(.radio).count == 9)
  }

  @Test func `A file with the number of another segment is kept under a new one`() async throws {
    let studio = try Studio()
    _ = try await Self.put(studio, 0, numbers: 0..<100, isPart: true, hasRow: false)
    _ = try await Self.put(studio, 0, numbers: 5000..<5100, hasRow: true)
    #expect(try await Self.run(studio).salvaged == 1)
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.sequence) == [0, 1])
    #expect(segments.map { $0.run?.frames } == [100, 100])
  }
}
