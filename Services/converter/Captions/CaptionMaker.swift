internal import Base
internal import Glibc
internal import Messages
internal import Subprocess

/// Writes a drop's captions as SubRip: closed captions (CEA-608) by CCExtractor where it is installed,
/// else by FFmpeg; where the picture carries none, the first subtitles that are text (teletext, MP4,
/// Matroska). No captions is not an error, and captions that cannot be read cost nobody the picture.
struct CaptionMaker: Sendable {
  let logs: ConversionLogs
  /// CCExtractor's path; nil where it is not installed.
  let extractor: String?

  /// What came of it; `path` is the temporary file that was written, nil where there is nothing.
  func make(
    _ id: JobID, of drop: OpenDrop, _ content: Inspection.Content, to path: String
  ) async throws(ConverterError) -> ConversionCaptions {
    let hasClosed = content.facts.video != nil && CaptionScout.mayHaveCaptions(drop)
    if Task.isCancelled { throw .stopped }
    if hasClosed {
      let tool = extractor == nil ? ConversionCaptions.Tool.ffmpeg : .ccextractor
      let command =
        extractor.map { Self.extract($0, drop, to: path) }
        ?? Self.decode(drop, content.format, to: path)
      // FFmpeg's picture begins with its own first frame, the MP4 with whatever came first.
      let lead = (content.facts.video?.startUs ?? content.facts.startUs) - content.facts.startUs
      let found = try await run(
        command, id, tool: tool, to: path,
        shiftMs: tool == .ffmpeg ? max(0, min(lead, 10_000_000)) / 1000 : 0)
      if found.cues > 0 || found.fault != nil { return found }
    }
    guard let stream = content.facts.subtitles.first(where: \.isText) else {
      return ConversionCaptions(tool: extractor == nil ? .ffmpeg : .ccextractor)
    }
    return try await run(
      Self.convert(drop, content.format, stream, to: path), id, tool: .ffmpeg, to: path, shiftMs: 0)
  }

  private func run(
    _ command: ChildCommand, _ id: JobID, tool: ConversionCaptions.Tool, to path: String,
    shiftMs: Int64
  ) async throws(ConverterError) -> ConversionCaptions {
    unlink(path)
    logs.note(id, command)
    var captions = ConversionCaptions(tool: tool)
    do {
      let run = try await OutputVerifier.run(command, timeout: .seconds(24 * 3600))
      // CCExtractor's 10: there are none.
      guard run.exit.isSuccess || tool == .ccextractor && run.exit.reason == .exited(10) else {
        captions.fault = "The captions could not be read: \(OutputVerifier.words(run))."
        unlink(path)
        return captions
      }
    } catch  where error.kind == .program {
      captions.fault = "The captions could not be read: \(error.reason)"
      return captions
    }
    var text = SubtitleText(
      (try? DurableFile.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? "")
    unlink(path)
    text.move(byMs: shiftMs)
    guard !text.cues.isEmpty else { return captions }
    do {
      try DurableFile.write(Array(text.text.utf8), to: path)
    } catch {
      throw ConverterError.writing(error, path)
    }
    captions.cues = text.cues.count
    captions.path = path
    return captions
  }

  /// CCExtractor's path, where it is installed.
  static func installedExtractor() -> String? {
    let search = getenv("PATH").map { String(cString: $0) } ?? ""
    return search.split(separator: ":").map { "\($0)/ccextractor" }
      .first { access($0, X_OK) == 0 }
  }

  private static func extract(
    _ program: String, _ drop: OpenDrop, to path: String
  ) -> ChildCommand {
    var command = ChildCommand(program, ["/proc/self/fd/0", "-o", path])
    command.input = drop.input
    command.niceness = TranscodeCommand.niceness
    return command
  }

  /// The first field's captions, said so: left to choose, FFmpeg takes whichever field speaks first,
  /// which may be the other language. No name of ours or of anybody's is in the graph.
  static func decode(
    _ drop: OpenDrop, _ format: ContainerFormat, to path: String
  ) -> ChildCommand {
    let graph =
      "movie=filename=/proc/self/fd/0:format_name=\(format.demuxer)"
      + ":format_opts=protocol_whitelist=file[out0+subcc]"
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-data_field", "first", "-f",
        "lavfi", "-i", graph, "-map", "0:s:0", "-c:s", "srt", "-f", "srt", "file:" + path,
      ])
    command.input = drop.input
    command.niceness = TranscodeCommand.niceness
    return command
  }

  static func convert(
    _ drop: OpenDrop, _ format: ContainerFormat, _ stream: MediaFacts.Subtitle, to path: String
  ) -> ChildCommand {
    let decoder =
      stream.codec == "dvb_teletext" ? ["-fix_sub_duration", "-txt_format", "text"] : []
    var command = ChildCommand(
      "ffmpeg",
      ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"] + decoder
        + TranscodeCommand.input(format)
        + ["-map", "0:\(stream.index)", "-c:s", "srt", "-f", "srt", "file:" + path])
    command.input = drop.input
    command.niceness = TranscodeCommand.niceness
    return command
  }
}

extension ConverterError {
  /// A disk that is full or closed to us is waited for.
  static func writing(_ error: SystemError, _ path: String) -> ConverterError {
    let folder = DurableFile.folder(of: path)
    return error.code == ENOSPC || error.code == EDQUOT
      ? ConverterError(.noSpace, "There is no room in \(folder): free some, and it goes on.")
      : ConverterError(
        .output, "\(folder) cannot be written (\(error.reason)): mend that, and it goes on.")
  }
}
