import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Files of every form, made by the real FFmpeg and looked at by ffprobe.
@Suite(.timeLimit(.minutes(15)))
struct FinishFormatTests {
  static let zero = FinisherTests.zero
  static let job = FinisherTests.job

  /// A tape of 20 s of a tone at about -20 LUFS in one segment, and a recording of [2 s, 17 s).
  static func tone(
    _ codec: AudioCodec, _ plan: RecordingPlan, rate: Int = 44_100
  ) async throws -> Studio {
    let studio = try Studio()
    let source = studio.folder("tone")
    let encoder =
      codec == .mp3
      ? ["-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"] : ["-c:a", "aac"]
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-v", "error", "-f", "lavfi", "-i",
          "sine=frequency=440:sample_rate=\(rate):duration=20", "-af", "volume=-2dB", "-ac", "2",
        ] + encoder + ["-b:a", "128k", "-f", codec == .mp3 ? "mp3" : "adts", source]),
      timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
    let bytes = try DurableFile.read(source)
    var samples: Int64 = 0
    var count: Int64 = 0
    var format: FrameFormat?
    try FrameFile.read(source) { frame, _ in
      samples += Int64(frame.samples)
      count += 1
      format = frame.format
    }
    let path = TapePath.path(.radio, start: zero, sequence: 0, codec: codec)
    try studio.folder.file("tape/" + path, bytes)
    let segment = Segment(
      stream: .radio, sequence: 0, start: zero, samples: samples, frames: count,
      bytes: Int64(bytes.count), format: try #require(format), path: path, splice: .first)
    try await studio.database.write { transaction in
      try SegmentCatalog.insert(segment, transaction)
      for (seconds, title) in [(-5, "Artist - First"), (7, "Second; \"2\""), (12, "Third")] {
        try TitleCatalog.insert(
          .radio, AnnouncedTitle(at: zero + .seconds(seconds), title: title), transaction)
      }
    }
    try await FinisherTests.store(plan, studio)
    return studio
  }

  static func window(_ format: RecordingFormat, _ finishing: FinishOptions) -> RecordingPlan {
    var plan = FinisherTests.window(2, 17, format: format)
    plan.finishing = finishing
    return plan
  }

  static func finish(_ studio: Studio) async throws -> FinishedFile {
    let finisher = studio.finisher()
    try await finisher.prepare()
    try await finisher.attempt(job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(FolderListing.names(in: studio.recordings + "/.work").isEmpty)
    return file
  }

  /// A picture of 2000 × 1200, under its hash in the artwork folder.
  static func artwork(_ studio: Studio) async throws -> String {
    let path = studio.folder("picture.png")
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=2000x1200", "-frames:v",
          "1", path,
        ]
      ), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure(run.errorText) }
    let bytes = try DurableFile.read(path)
    let id = hexadecimal(SHA256.hash(bytes))
    try studio.folder.file("artwork/\(id).png", bytes)
    return id
  }

  @Test(arguments: [
    (AudioCodec.mp3, RecordingFormat.source, "mp3", "mp3"), (.mp3, .mp3, "mp3", "mp3"),
    (.mp3, .aac, "m4a", "aac"), (.mp3, .flac, "flac", "flac"), (.mp3, .opus, "opus", "opus"),
    (.mp3, .mp4, "mp4", "mp3"), (.mp3, .mkv, "mkv", "mp3"), (.mp3, .ts, "ts", "mp3"),
    (.aac, .source, "m4a", "aac"), (.aac, .mp3, "mp3", "mp3"), (.aac, .flac, "flac", "flac"),
    (.aac, .mkv, "mkv", "aac"), (.aac, .ts, "ts", "aac"),
  ])
  func `A tape becomes a file of each form, with tags, cover, chapters and companions`(
    _ codec: AudioCodec, _ format: RecordingFormat, _ ending: String, _ coding: String
  ) async throws {
    var options = FinishOptions(hasChapters: true, hasCueSheet: true)
    let pictures = try Studio()
    options.artwork = try await Self.artwork(pictures)
    let studio = try await Self.tone(codec, Self.window(format, options))
    #expect(rename(pictures.artwork, studio.artwork) == 0)
    let file = try await Self.finish(studio)
    #expect(file.name == "Show.\(ending)")
    #expect(file.durationUs > 14_900_000 && file.durationUs < 15_100_000, "\(file.durationUs)")
    #expect(try await FinisherTests.probe(file.path, "stream=codec_name").contains(coding))
    let log = try studio.folder.text("logs/job-1.log")
    #expect(!log.contains("failed") && !log.contains("without"), "\(log)")

    let form = FileForm(
      format, of: FileForm.Material(sound: SoundCoding(codec), isFrames: true), isLevelled: false)
    if ending != "ts" {
      // Ogg's tags belong to its stream.
      let entry = ending == "opus" ? "stream_tags" : "format_tags"
      let tags = try await FinisherTests.probe(file.path, entry)
      for value in ["2026-11-21 Show", "Station", "Talk", "2026-11-21", "Made by a test", "2516"] {
        #expect(tags.contains(value), "\(ending): \(tags)")
      }
    }
    let chapters = try await FinisherTests.probe(file.path, "chapter_tags=title")
    let starts = try await FinisherTests.probe(file.path, "chapter=start_time")
    if form.takesChapters {
      #expect(chapters == "Artist - First|Second; \"2\"|Third", "\(ending)")
      let times = starts.split(separator: "|").compactMap { Double($0) }
      #expect(times.count == 3 && abs(times[0]) < 0.05 && abs(times[1] - 5) < 0.05, "\(starts)")
      #expect(abs(times[2] - 10) < 0.05)
    } else {
      #expect(chapters.isEmpty)
    }
    let sizes = try await FinisherTests.probe(file.path, "stream=width,height")
    #expect(sizes.contains("1000|600") == form.takesCover, "\(ending): \(sizes)")
    let loudness = try #require(file.loudness)
    #expect(!loudness.isNormalised && loudness.integrated > -30 && loudness.integrated < -15)
    try await Self.expectCompanions(file, studio)
  }

  /// The checksum is what `sha256sum -c` accepts; every other file is there with its size.
  static func expectCompanions(_ file: FinishedFile, _ studio: Studio) async throws {
    let companions = try #require(file.companions)
    #expect(Set(companions.map(\.kind)) == [.sha256, .asRun, .cueSheet, .waveform])
    for companion in companions {
      let (_, size) = try SHA256.hash(fileAt: studio.recordings + "/" + companion.name)
      #expect(size == companion.bytes && size > 0)
    }
    var command = ChildCommand("sha256sum", ["-c", file.name + ".sha256"])
    command.workingDirectory = studio.recordings
    #expect(try await ChildProcess.run(command, timeout: .seconds(20)).exit.isSuccess)
    #expect(
      try await FinisherTests.probe(studio.recordings + "/Show.waveform.png", "stream=width,height")
        == "\(Waveform.width)|\(Waveform.height)")
    let text = try studio.folder.text("recordings/Show.as-run.txt")
    #expect(text.split(separator: "\n").count == 3 && text.contains("00:00:05.000  "))
    let sheet = try studio.folder.text("recordings/Show.cue")
    #expect(sheet.contains("FILE \"\(file.name)\"") && sheet.contains("INDEX 01 00:05:00"))
  }

  @Test(arguments: [RecordingFormat.source, .mp3, .mp4, .mkv, .ts])
  func `Copies hold exactly the frames of the window, whatever the container`(
    _ format: RecordingFormat
  ) async throws {
    for frames in [NumberedFrames(), NumberedFrames(.adts(payload: 200, sampleRate: 44_100))] {
      let isMP3 = frames.contentType == "audio/mpeg"
      guard isMP3 || format != .mp3 else { continue }
      let studio = try await FinisherTests.studio(
        frames, plan: Self.window(format, FinishOptions(hasPicture: false)))
      let file = try await Self.finish(studio)
      let unpacked = studio.folder("unpacked")
      let run = try await ChildProcess.run(
        ChildCommand(
          "ffmpeg",
          [
            "-nostdin", "-v", "error", "-i", file.path, "-map", "0:a:0", "-c", "copy", "-f", "data",
            unpacked,
          ]), timeout: .seconds(60))
      #expect(run.exit.isSuccess, "\(run.errorText)")
      let report = try NumberedReport(fileAt: unpacked, of: frames)
      #expect(report.isSeamless, "\(format) \(report)")
      #expect(!isMP3 || (report.numbers.first == 77 && report.numbers.last == 650))
    }
  }

  @Test(arguments: [RecordingFormat.source, .aac, .flac])
  func `Where a loudness is asked for the file has it`(_ format: RecordingFormat) async throws {
    let studio = try await Self.tone(.mp3, Self.window(format, FinishOptions(loudness: -16)))
    let file = try await Self.finish(studio)
    let loudness = try #require(file.loudness)
    #expect(loudness.isNormalised)
    #expect(abs(loudness.integrated + 16) < 0.6, "\(loudness)")
    #expect((loudness.truePeak ?? 0) <= -0.5)
    let log = try studio.folder.text("logs/job-1.log")
    #expect(log.contains("to -16.0 LUFS"))
  }

  @Test func `A missing artwork costs the cover alone`() async throws {
    let options = FinishOptions(artwork: String(repeating: "ab", count: 32))
    let studio = try await Self.tone(.mp3, Self.window(.mp3, options))
    let file = try await Self.finish(studio)
    #expect(try await FinisherTests.probe(file.path, "stream=codec_name") == "mp3")
    #expect(try studio.folder.text("logs/job-1.log").contains("made without its artwork"))
  }

  @Test func `Where nothing is to be looked at nothing is decoded`() async throws {
    let studio = try await Self.tone(.mp3, Self.window(.mp3, FinishOptions(hasPicture: false)))
    var options = Finisher.Options()
    options.decodesAll = false
    options.measuresLoudness = false
    let finisher = studio.finisher(options: options)
    try await finisher.attempt(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.loudness == nil && file.companions?.map(\.kind) == [.sha256, .asRun])
  }

  @Test(arguments: [RecordingFormat.mp4, .mkv, .ts])
  func `A picture is copied into each container, with a thumbnail`(
    _ format: RecordingFormat
  ) async throws {
    let studio = try await MediaFinisherTests.studio(.transportStream, format: format)
    let file = try await MediaFinisherTests.finish(studio)
    let facts = try await MediaFinisherTests.facts(file.path)
    #expect(facts.codecs == ["h264", "aac"] && file.name == "Show.\(format.rawValue)")
    #expect(abs(facts.seconds - 6.5) < 0.3, "\(facts)")
    #expect(Set((file.companions ?? []).map(\.kind)) == [.sha256, .thumbnail])
    #expect(
      try await FinisherTests.probe(
        studio.recordings + "/Show.thumbnail.jpg", "stream=width,height") == "160|120")
    #expect(file.loudness != nil)
    #expect(
      try studio.folder.text("logs/job-1.log").contains("the file begins 0.5 s before its window"))
  }

  @Test(arguments: [RecordingFormat.aac, .flac, .opus])
  func `Of a picture's stream the sound alone is cut exactly`(
    _ format: RecordingFormat
  ) async throws {
    for kind in [MediaFinisherTests.Kind.transportStream, .fragmentedMP4] {
      let studio = try await MediaFinisherTests.studio(kind, format: format)
      let file = try await MediaFinisherTests.finish(studio)
      let facts = try await MediaFinisherTests.facts(file.path)
      #expect(facts.codecs == [format.rawValue], "\(kind) \(facts)")
      #expect(abs(facts.seconds - 6) < 0.1, "\(kind) \(facts)")
    }
  }

  @Test func `A picture that a window would begin without gets the key frame before it`()
    async throws
  {
    let studio = try await MediaFinisherTests.studio(.transportStream)
    // The segment that holds the window's start cannot be shown without the two before it.
    try await studio.database.write { transaction in
      _ = try transaction.execute("UPDATE segments SET is_independent = 0 WHERE sequence IN (1, 2)")
    }
    let file = try await MediaFinisherTests.finish(studio)
    #expect(abs(try await MediaFinisherTests.facts(file.path).seconds - 8.5) < 0.3)
    #expect(try studio.folder.text("logs/job-1.log").contains("the file begins 2.5 s before"))
  }
}
