internal import Base
internal import Subprocess

/// What an inspection of a drop's content found.
struct Inspection: Sendable {
  let writers: WriterEvidence
  /// Both nil where the content was not looked at, because somebody writes.
  var content: Content?
  /// One sentence where it is not whole.
  var objection: String?

  struct Content: Sendable {
    let format: ContainerFormat
    let facts: MediaFacts
    let durationUs: Int64
  }
}

/// Finds out what a drop holds and whether it is whole: by its first bytes, by the lengths that its
/// container states, and by ffprobe, which is told the format and may open nothing else.
struct DropInspector: Sendable {
  /// How far FFmpeg looks for streams: sound and a second language may come late in a broadcast.
  static let searchOptions = ["-analyzeduration", "20000000", "-probesize", "50000000"]

  /// Blocks for the disk and runs ffprobe; the drop's name is not used.
  ///
  /// - Throws: `ConverterError` where it cannot be read, or where there is no ffprobe.
  func inspect(_ drop: OpenDrop) async throws(ConverterError) -> Inspection {
    var result = Inspection(writers: WriterProbe.evidence(of: drop))
    guard !result.writers.isOpen else { return result }
    let head = drop.head(ContainerFormat.usefulPrefix)
    if head.isEmpty {
      throw ConverterError(
        .sourceUnreadable, "The drop cannot be read: the disk that it lies on may be failing.")
    }
    guard let format = ContainerFormat(head: head) else {
      result.objection =
        "It is not a recording: its first bytes are of no known kind of video file."
      return result
    }
    if let why = ContainerBounds.objection(to: drop, format) {
      result.objection = why
      return result
    }
    let run = try await probe(drop, format)
    guard run.exit.isSuccess, let facts = try? MediaFacts(json: run.output) else {
      result.objection = Self.refused(run)
      return result
    }
    guard facts.video != nil || !facts.audio.isEmpty else {
      result.objection = "It is not whole: no picture and no sound can be found in it."
      return result
    }
    guard let duration = facts.durationUs, duration > 0 else {
      result.objection = "It is not whole: its length cannot be told."
      return result
    }
    result.content = Inspection.Content(format: format, facts: facts, durationUs: duration)
    return result
  }

  static func command(_ drop: OpenDrop, _ format: ContainerFormat) -> ChildCommand {
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", format.rawValue,
        "-f", format.demuxer,
      ] + searchOptions + [
        "-show_entries",
        "stream=index,codec_type,codec_name,width,height,channels,sample_rate,duration,start_time"
          + ":stream_disposition=attached_pic:stream_tags=language:format=duration,start_time",
        "-of", "json", OpenDrop.nameForChild,
      ])
    command.input = drop.input
    command.niceness = 10
    return command
  }

  private func probe(
    _ drop: OpenDrop, _ format: ContainerFormat
  ) async throws(ConverterError) -> ChildRun {
    do {
      return try await ChildProcess.run(
        Self.command(drop, format), timeout: .seconds(120), ladder: .kill)
    } catch {
      throw ConverterError(.program, "ffprobe does not start: \(error).")
    }
  }

  private static func refused(_ run: ChildRun) -> String {
    if run.isTimedOut { return "It is not whole: ffprobe did not come to an end with it." }
    let line = run.errorText.split(separator: "\n").last.map(String.init) ?? "no reason given"
    return "It is not whole: ffprobe says \"\(FFmpegText.plain(line))\"."
  }
}
