import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Recordings of a tape of HLS segments, ten of a second each, made by FFmpeg.
struct MediaFinisherTests {
  static let zero = Instant(seconds: 1_800_000_000)

  enum Kind: CaseIterable {
    case transportStream, fragmentedMP4, mp3Sound

    var arguments: [String] {
      let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=10"]
      guard self != .mp3Sound else { return sound + ["-c:a", "libmp3lame", "-b:a", "128k"] }
      return ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=10"] + sound + [
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10",
        "-keyint_min", "10", "-sc_threshold", "0", "-c:a", "aac",
      ]
    }
  }

  /// A tape without the segments `missing`, and a recording of [2.5 s, 8.5 s) whose window is over.
  static func studio(
    _ kind: Kind, format: RecordingFormat = .source, missing: Set<Int> = [],
    attempts: Int = 0
  ) async throws -> Studio {
    let studio = try Studio()
    let isFragmented = kind == .fragmentedMP4
    let made = studio.folder.path + "/made"
    try Syscall.makeFolders(made)
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        ["-nostdin", "-loglevel", "error"] + kind.arguments + [
          "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type",
          isFragmented ? "fmp4" : "mpegts", "-hls_fmp4_init_filename", "init.mp4",
          "-hls_segment_filename", made + "/%d.bin", made + "/list.m3u8",
        ]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
    let section = isFragmented ? try DurableFile.read(made + "/init.mp4") : nil
    let store = MediaStore(root: studio.tapeRoot, disk: SystemDisk())
    for number in 0..<10 where !missing.contains(number) {
      let bytes = try DurableFile.read(made + "/\(number).bin")
      let found = try SegmentInspection.inspect(bytes, initialisation: section)
      let start = zero + .seconds(number)
      let segment = Segment(
        stream: .radio, sequence: Int64(number), start: start, bytes: Int64(bytes.count),
        content: .media(
          MediaContent(
            container: found.container, duration: .seconds(1), codecs: found.codecs ?? "",
            height: found.height, initialisation: section.map { hexadecimal(SHA256.hash($0)) },
            isIndependent: true, mediaSequence: Int64(number), discontinuity: 0, address: "")),
        path: MediaPath.path(
          .radio, start: start, sequence: Int64(number), mediaSequence: Int64(number),
          container: found.container), splice: .continuous)
      store.put(
        MediaStore.Held(segment: segment, bytes: bytes, initialisation: section),
        now: Monotonic(nanoseconds: 0))
    }
    #expect(store.fault == nil)
    let segments = store.takeClosed()
    try await studio.database.write { transaction in
      for segment in segments { try SegmentCatalog.insert(segment, transaction) }
    }
    let recording = plan(
      from: zero + .milliseconds(2500), to: zero + .milliseconds(8500), format: format)
    try await FinisherTests.store(recording, studio)
    for _ in 0..<attempts {
      try await studio.database.write {
        try RecordingCatalog.beginAttempt(of: recording.job, $0)
      }
    }
    return studio
  }

  static func finish(_ studio: Studio) async throws -> FinishedFile {
    let finisher = studio.finisher()
    try await finisher.prepare()
    try await finisher.attempt(FinisherTests.job)
    let finished = try #require(try await studio.said(RecordingFinished.self).first)
    #expect(FolderListing.names(in: studio.recordings + "/.work").isEmpty)
    return finished.file
  }

  /// Container, codecs and decoded seconds of each track, as FFmpeg finds them.
  static func facts(_ path: String) async throws -> (codecs: Set<String>, seconds: Double) {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        [
          "-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of",
          "default=nokey=1:noprint_wrappers=1", "file:" + path,
        ]), timeout: .seconds(60))
    let lines = run.text.split(whereSeparator: \.isNewline).map(String.init)
    guard run.exit.isSuccess, let last = lines.last, let seconds = Double(last) else {
      throw TestFailure("ffprobe \(run.exit): \(run.errorText)")
    }
    return (Set(lines.dropLast()), seconds)
  }

  @Test(arguments: Kind.allCases)
  func `A window becomes a file from its first segment to its end`(_ kind: Kind) async throws {
    let studio = try await Self.studio(kind)
    let file = try await Self.finish(studio)
    let facts = try await Self.facts(file.path)
    #expect(file.path.hasPrefix(studio.recordings))
    #expect(facts.codecs == (kind == .mp3Sound ? ["mp3"] : ["h264", "aac"]))
    #expect(file.name.hasSuffix(kind == .mp3Sound ? ".mp3" : ".mp4"))
    #expect(file.contentType == (kind == .mp3Sound ? "audio/mpeg" : "video/mp4"))
    // A picture begins with its segment, sound alone with the window.
    let seconds = kind == .mp3Sound ? 6 : 6.5
    #expect(abs(facts.seconds - seconds) < 0.2 && file.gaps.isEmpty, "\(facts) \(file.gaps)")
  }

  @Test(arguments: Kind.allCases)
  func `A hole is told and left out`(_ kind: Kind) async throws {
    let studio = try await Self.studio(kind, missing: [4, 5])
    let file = try await Self.finish(studio)
    let facts = try await Self.facts(file.path)
    #expect(file.path.hasPrefix(studio.recordings))
    let seconds = kind == .mp3Sound ? 4 : 4.5
    #expect(abs(facts.seconds - seconds) < 0.3, "\(facts)")
    #expect(file.gaps.count == 1 && file.lossUs == 2_000_000, "\(file.gaps)")
    #expect(file.gaps.first?.start == Self.zero + .seconds(4))
    #expect(!file.name.hasSuffix(".ts"))
  }

  @Test func `As MP3 the sound is cut exactly`() async throws {
    for kind in [Kind.transportStream, .fragmentedMP4] {
      let studio = try await Self.studio(kind, format: .mp3)
      let file = try await Self.finish(studio)
      let facts = try await Self.facts(file.path)
      #expect(file.path.hasPrefix(studio.recordings))
      #expect(facts.codecs == ["mp3"] && file.contentType == "audio/mpeg")
      #expect(abs(facts.seconds - 6) < 0.1, "\(facts)")
    }
  }

  @Test func `Where FFmpeg cannot, the segments themselves become the file`() async throws {
    let studio = try await Self.studio(
      .transportStream, attempts: Finisher.attemptsWithFFmpeg)
    let file = try await Self.finish(studio)
    #expect(file.contentType == "video/mp2t" && file.name.hasSuffix(".ts"))
    let expected = try (2..<9).flatMap {
      try DurableFile.read(studio.folder.path + "/made/\($0).bin")
    }
    #expect(try DurableFile.read(file.path) == expected)
  }

  @Test func `A segment that is gone costs itself alone, and is told`() async throws {
    let studio = try await Self.studio(.fragmentedMP4)
    let segments = try await studio.segments(.radio)
    unlink(studio.tapeRoot + "/" + segments[6].path)
    let file = try await Self.finish(studio)
    #expect(file.gaps.map(\.cause) == [.tapeDamaged] && file.lossUs == 1_000_000)
    #expect(abs(try await Self.facts(file.path).seconds - 5.5) < 0.3)
  }
}
