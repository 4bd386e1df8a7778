import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

struct FinisherTests {
  static let zero = Instant(seconds: 1_800_000_000)
  static let job = JobID(unchecked: "job-1")

  /// A tape of 20 s in segments of 4 s (but for the first), and a recording whose window is over.
  static func studio(
    _ frames: NumberedFrames = NumberedFrames(), plan recording: RecordingPlan,
    missing: Int64? = nil
  ) async throws -> Studio {
    let studio = try Studio()
    var number: UInt64 = 0
    for sequence in Int64(0)..<5 {
      let first = number
      let start = zero + frames.start(ofFrame: first)
      while frames.start(ofFrame: number) < .seconds(4 * (sequence + 1)) { number += 1 }
      let codec: AudioCodec = frames.contentType == "audio/mpeg" ? .mp3 : .aac
      let path = TapePath.path(.radio, start: start, sequence: sequence, codec: codec)
      let bytes = frames.frames(first..<number)
      if sequence != missing { try studio.folder.file("tape/" + path, bytes) }
      let segment = Segment(
        stream: .radio, sequence: sequence, start: start,
        samples: Int64(number - first) * Int64(frames.samplesPerFrame),
        frames: Int64(number - first), bytes: Int64(bytes.count),
        format: FrameFormat(codec: codec, sampleRate: frames.sampleRate, channels: 2), path: path,
        splice: .continuous)
      try await studio.database.write { try SegmentCatalog.insert(segment, $0) }
    }
    try await store(recording, studio)
    return studio
  }

  static func store(_ recording: RecordingPlan, _ studio: Studio) async throws {
    let set = DesiredSet(version: recording.token, streams: [], recordings: [recording])
    try await studio.database.write { transaction in
      _ = try RecordingCatalog.store(set, at: zero - .seconds(60), transaction)
      try RecordingCatalog.setPhase(.finishing, of: recording.job, at: zero, transaction)
    }
  }

  static func window(
    _ from: Double = 2, _ to: Double = 17, format: RecordingFormat = .source
  ) -> RecordingPlan {
    plan(
      from: zero + .microseconds(Int64(from * 1e6)), to: zero + .microseconds(Int64(to * 1e6)),
      format: format)
  }

  static func probe(_ path: String, _ entry: String) async throws -> String {
    let run = try await ChildProcess.run(
      ChildCommand(
        "ffprobe",
        ["-v", "error", "-show_entries", entry, "-of", "default=nokey=1:noprint_wrappers=1", path]),
      timeout: .seconds(20))
    return run.text.split(separator: "\n").joined(separator: "|")
  }

  @Test func `An MP3 recording holds exactly the frames of its window, with tags`() async throws {
    let frames = NumberedFrames()
    let studio = try await Self.studio(plan: Self.window())
    let finisher = studio.finisher()
    try await finisher.prepare()
    await finisher.finish(Self.job)
    let finished = try #require(try await studio.said(RecordingFinished.self).first)
    #expect(finished.file.name == "Show.mp3" && finished.file.contentType == "audio/mpeg")
    #expect(finished.file.gaps == [])
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.isSeamless)
    // Frame 77 is the first that begins at 2 s or later, 650 the last that begins before 17 s.
    #expect(report.numbers.first == 77 && report.numbers.last == 650)
    #expect(finished.file.durationUs == Int64(574) * 1152 * 1_000_000 / 44_100)
    let (hash, size) = try SHA256.hash(fileAt: finished.file.path)
    #expect(hash == finished.file.sha256 && size == finished.file.bytes)
    let tags = try await Self.probe(
      finished.file.path, "format_tags=title,artist,album,genre,date,comment")
    for value in ["2026-11-21 Show", "Station", "Show", "Talk", "2026-11-21", "Made by a test"] {
      #expect(tags.contains(value), "\(tags)")
    }
    #expect(FolderListing.names(in: studio.recordings + "/.work").isEmpty)
    #expect(try studio.folder.text("logs/job-1.log").contains("finished as Show.mp3"))
  }

  @Test func `Windows that touch share no frame and miss none`() async throws {
    let frames = NumberedFrames()
    let studio = try await Self.studio(plan: Self.window(2, 9.5))
    let second = plan(
      "job-2", from: Self.zero + .seconds(9.5), to: Self.zero + .seconds(18), token: 2)
    try await Self.store(second, studio)
    try await studio.database.write {
      try RecordingCatalog.setPhase(.finishing, of: Self.job, at: Self.zero, $0)
    }
    let finisher = studio.finisher()
    for job in [Self.job, second.job] { await finisher.finish(job) }
    let files = try await studio.said(RecordingFinished.self).map(\.file)
    #expect(files.map(\.name) == ["Show.mp3", "Show (2).mp3"])
    let bytes = try files.flatMap { try DurableFile.read($0.path) }
    #expect(NumberedReport(bytes, of: frames).isSeamless)
  }

  @Test func `An AAC recording is an M4A file of the same frames`() async throws {
    let frames = NumberedFrames(.adts(payload: 200, sampleRate: 44_100))
    let studio = try await Self.studio(frames, plan: Self.window())
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show.m4a" && file.contentType == "audio/mp4")
    let report = try NumberedReport(fileAt: file.path, of: frames)
    #expect(report.isSeamless, "\(report)")
    #expect(try await Self.probe(file.path, "format_tags=title") == "2026-11-21 Show")
    let seconds = Double(try await Self.probe(file.path, "format=duration")) ?? 0
    #expect(abs(seconds - Double(file.durationUs) / 1e6) < 0.03)
  }

  @Test func `An AAC stream is encoded where MP3 is asked for`() async throws {
    let frames = NumberedFrames(.adts(payload: 200, sampleRate: 44_100))
    let studio = try await Self.studio(frames, plan: Self.window(2, 17, format: .mp3))
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show.mp3")
    #expect(try await Self.probe(file.path, "stream=codec_name") == "mp3")
    #expect(abs(file.durationUs - 15_000_000) < 200_000)
  }

  @Test func `A window in which the stream changed its format is encoded as one file`() async throws
  {
    let studio = try await Self.studio(plan: Self.window(2, 26))
    // Five seconds of AAC follow on 20 s of MP3.
    let aac = NumberedFrames(.adts(payload: 200, sampleRate: 48_000))
    let start = Self.zero + .seconds(20)
    let path = TapePath.path(.radio, start: start, sequence: 5, codec: .aac)
    try studio.folder.file("tape/" + path, aac.frames(0..<235))
    let segment = Segment(
      stream: .radio, sequence: 5, start: start, samples: 235 * 1024, frames: 235, bytes: 1,
      format: FrameFormat(codec: .aac, sampleRate: 48_000, channels: 2), path: path,
      splice: .newFormat)
    try await studio.database.write { try SegmentCatalog.insert(segment, $0) }
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show.m4a")
    #expect(abs(file.durationUs - 23_000_000) < 200_000, "\(file.durationUs)")
    #expect(file.gaps.map(\.cause) == [.recorderDown])
  }

  @Test func `A segment that is gone is a gap of the recording`() async throws {
    let frames = NumberedFrames()
    let studio = try await Self.studio(plan: Self.window(), missing: 2)
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.gaps.map(\.cause) == [.tapeDamaged])
    let report = try NumberedReport(fileAt: file.path, of: frames)
    let missing = frames.frameDuration * report.missing.count
    let difference = Duration.microseconds(file.lossUs) - missing
    #expect(difference < .milliseconds(1) && difference > .milliseconds(-1))
  }

  @Test func `Nothing on the tape is a failure with a sentence`() async throws {
    let studio = try await Self.studio(plan: Self.window(100, 200))
    let cause = Gap(
      start: Self.zero, end: Self.zero + .seconds(500), cause: .sourceUnreachable,
      detail: "Nobody listens at http://example.test/.")
    try await studio.database.write { try GapCatalog.insert(.radio, cause, $0) }
    await studio.finisher().finish(Self.job)
    let failed = try await studio.said(RecordingFailed.self)
    #expect(
      failed.map(\.reason) == ["Nothing was recorded: Nobody listens at http://example.test/."])
    #expect(FolderListing.names(in: studio.recordings).filter { $0 != ".work" }.isEmpty)
  }

  @Test func `A file of the same name is never overwritten`() async throws {
    let studio = try await Self.studio(plan: Self.window())
    try studio.folder.file("recordings/Show.mp3", "somebody's")
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show (2).mp3")
    #expect(try studio.folder.text("recordings/Show.mp3") == "somebody's")
  }

  @Test func `A name that a stranger takes at the last moment is not overwritten`() async throws {
    let studio = try await Self.studio(plan: Self.window())
    let folder = studio.folder
    let finisher = studio.finisher { step in
      if step == .intended, !FolderListing.exists(folder("recordings/Show.mp3")) {
        try folder.file("recordings/Show.mp3", "somebody's")
      }
    }
    await finisher.finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show (2).mp3")
    #expect(try studio.folder.text("recordings/Show.mp3") == "somebody's")
  }

  @Test(arguments: Finisher.Step.allCases)
  func `After a kill at any step there is one whole file, one row, one event`(
    _ step: Finisher.Step
  ) async throws {
    let studio = try await Self.studio(plan: Self.window())
    let first = studio.finisher { if $0 == step { throw Interruption(step: $0) } }
    await first.finish(Self.job)
    let before = Set(FolderListing.names(in: studio.recordings)).subtracting([".work"])

    let second = studio.finisher()
    try await second.prepare()
    await second.finish(Self.job)
    let finished = try await studio.said(RecordingFinished.self)
    #expect(finished.count == 1)
    let file = try #require(finished.first).file
    let (hash, size) = try SHA256.hash(fileAt: file.path)
    #expect(hash == file.sha256 && size == file.bytes)
    // What had its final name before the kill is the file, not a second one.
    let all: Set = ["Show.mp3", "Show.mp3.sha256", "Show.waveform.png"]
    #expect(Set(FolderListing.names(in: studio.recordings)).subtracting([".work"]) == all)
    #expect(before.isEmpty || before == ["Show.mp3"] || before == all)
    #expect(Set((file.companions ?? []).map(\.name)) == all.subtracting(["Show.mp3"]))
    #expect(FolderListing.names(in: studio.recordings + "/.work").isEmpty)
    let row = try await studio.database.read { try RecordingCatalog.find(Self.job, $0) }
    #expect(row?.phase == .finished && row?.finalPath == file.path)
  }

  @Test func `A file that was changed before it was published is made again`() async throws {
    let studio = try await Self.studio(plan: Self.window())
    let first = studio.finisher { if $0 == .renamed { throw Interruption(step: $0) } }
    await first.finish(Self.job)
    // A power cut: the rename is there, the content is not.
    #expect(truncate(studio.recordings + "/Show.mp3", 100) == 0)
    let second = studio.finisher()
    try await second.prepare()
    await second.finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(try NumberedReport(fileAt: file.path, of: NumberedFrames()).isSeamless)
  }

  @Test func `Where FFmpeg fails every time the frames themselves are the recording`() async throws
  {
    let studio = try await Self.studio(plan: Self.window())
    try await studio.database.write { transaction in
      for _ in 0..<Finisher.attemptsWithFFmpeg {
        try RecordingCatalog.beginAttempt(of: Self.job, transaction)
      }
    }
    await studio.finisher().finish(Self.job)
    let file = try #require(try await studio.said(RecordingFinished.self).first).file
    #expect(file.name == "Show.mp3")
    #expect(try NumberedReport(fileAt: file.path, of: NumberedFrames()).isSeamless)
  }
}
