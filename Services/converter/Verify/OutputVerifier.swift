internal import Base
internal import Subprocess

/// Proves that what was made is what it should be, before anything else happens with it: the streams
/// are there, each is as long as the drop's, and the whole file can be decoded without a complaint.
struct OutputVerifier: Sendable {
  /// `path` is ours, in the output folder.
  ///
  /// - Returns: the length of what was made.
  /// - Throws: `ConverterError`.
  func verify(
    _ path: String, against content: Inspection.Content, of drop: OpenDrop
  ) async throws(ConverterError) -> Duration {
    let made = try await facts(path)
    guard (made.video == nil) == (content.facts.video == nil) else {
      throw wrong("What was made has no picture, but the drop has one.")
    }
    guard made.audio.count == content.facts.audio.count else {
      throw wrong(
        "What was made has \(made.audio.count) sound tracks, but the drop has "
          + "\(content.facts.audio.count).")
    }
    let odd = made.audio.first { $0.codec != "aac" }?.codec
    let picture = made.video.map(\.codec)
    guard odd == nil, picture == nil || picture == "h264" else {
      throw wrong("What was made is \(made.summary), not H.264 and AAC.")
    }
    guard let length = made.durationUs.map({ Duration.microseconds($0) }) else {
      throw wrong("The length of what was made cannot be told.")
    }
    try await check(length, made, content, drop)
    try await decode(path)
    return length
  }

  /// The picture's length (the sound's, where there is none) is what counts; whole tracks that are cut
  /// short show in it or in the file's.
  private func check(
    _ length: Duration, _ made: MediaFacts, _ content: Inspection.Content, _ drop: OpenDrop
  ) async throws(ConverterError) {
    let expected = Duration.microseconds(content.durationUs)
    let pairs = [
      (length, expected),
      (
        Duration.microseconds(made.video?.durationUs ?? made.durationUs ?? 0),
        Duration.microseconds(content.facts.video?.durationUs ?? content.durationUs)
      ),
    ]
    guard
      let why = pairs.lazy.compactMap({ LengthPolicy.objection(made: $0, expected: $1) }).first
    else { return }
    // A transport stream's stated length is its last time stamp less its first, which is nonsense
    // after a jump of its clock. Then what counts is how much is in it.
    if let counted = try await MediaMeter().length(of: drop, content),
      LengthPolicy.objection(made: length, expected: counted) == nil
    {
      return
    }
    throw wrong(why)
  }

  private func facts(_ path: String) async throws(ConverterError) -> MediaFacts {
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file", "-f", "mov", "-show_entries",
        "stream=index,codec_type,codec_name,width,height,channels,sample_rate,duration"
          + ":format=duration",
        "-of", "json", "file:" + path,
      ])
    command.niceness = TranscodeCommand.niceness
    let run = try await Self.run(command, timeout: .seconds(120))
    guard run.exit.isSuccess, let facts = try? MediaFacts(json: run.output) else {
      throw wrong("What was made cannot be read: \(Self.words(run)).")
    }
    return facts
  }

  /// Every frame of every stream; the first error ends it.
  private func decode(_ path: String) async throws(ConverterError) {
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-v", "error", "-xerror", "-protocol_whitelist", "file", "-f", "mov", "-i",
        "file:" + path, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-",
      ])
    command.niceness = TranscodeCommand.niceness
    let run = try await Self.run(command, timeout: .seconds(24 * 3600))
    guard run.exit.isSuccess, run.errorTail.isEmpty else {
      throw wrong("What was made cannot be decoded to its end: \(Self.words(run)).")
    }
  }

  static func run(
    _ command: ChildCommand, timeout: Duration
  ) async throws(ConverterError) -> ChildRun {
    let run: ChildRun
    do {
      run = try await ChildProcess.run(command, timeout: timeout, ladder: .kill)
    } catch {
      throw ConverterError(.program, "\(command.program) does not start: \(error).")
    }
    if Task.isCancelled { throw .stopped }
    return run
  }

  static func words(_ run: ChildRun) -> String {
    if run.isTimedOut { return "it took too long" }
    return FFmpegText.lastLines(1, of: run.errorText).first ?? "FFmpeg \(run.exit)"
  }

  private func wrong(_ reason: String) -> ConverterError { ConverterError(.verification, reason) }
}

extension ConverterError {
  static let stopped = ConverterError(.interrupted, "The converter was stopped.")
}
