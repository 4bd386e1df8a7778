import Base
import HTTPServer
import Subprocess

/// Turns transport stream segments into fragmented MP4 by FFmpeg, copying every frame and keeping
/// every time stamp, so that segments made one by one join.
///
/// The bytes go in and out by pipes; FFmpeg may open nothing else. Few run at once, at low priority:
/// captures on the same machine come first.
actor Remuxer {
  struct Parts: Sendable {
    /// What stands before the fragments (`ftyp` and `moov`).
    var initialisation: [UInt8]
    var fragments: [UInt8]
  }

  private static let parallel = 2
  private static let patience = Duration.seconds(30)
  private static let largestOutput = 512 << 20

  private var running = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func fragmentedMP4(of segment: [UInt8]) async throws -> Parts {
    await enter()
    defer { leave() }
    // AAC's headers must be taken off; other codings know no such filter.
    for filters in [["-bsf:a", "aac_adtstoasc"], []] {
      let run = try await ChildProcess.run(
        Remuxer.command(filters), input: segment, outputLimit: Remuxer.largestOutput,
        timeout: Remuxer.patience)
      if run.exit.isSuccess, let parts = Remuxer.split(run.output) { return parts }
    }
    throw Problem(
      415, "other_container", "FFmpeg cannot put this segment into MP4; play it as MPEG-TS.")
  }

  /// Of pages of Opus or FLAC as they are; Vorbis, which browsers do not take in MP4, becomes FLAC. The
  /// fragment's time is the tape's.
  func fragmentedMP4(ofOgg segment: [UInt8], start: Instant) async throws -> Parts {
    await enter()
    defer { leave() }
    for coding in ["copy", "flac"] where coding == "flac" || !Remuxer.isVorbis(segment) {
      let run = try await ChildProcess.run(
        Remuxer.oggCommand(coding, start: start), input: segment,
        outputLimit: Remuxer.largestOutput, timeout: Remuxer.patience)
      if run.exit.isSuccess, let parts = Remuxer.split(run.output) { return parts }
    }
    throw Problem(
      415, "other_container", "FFmpeg cannot put this segment into MP4; download the recording.")
  }

  private static func isVorbis(_ segment: [UInt8]) -> Bool {
    segment.prefix(64).firstRange(of: Array("vorbis".utf8)) != nil
  }

  private static func oggCommand(_ coding: String, start: Instant) -> ChildCommand {
    let seconds =
      "\(start.microseconds / 1_000_000)."
      + padded(Int(start.microseconds % 1_000_000), 6)
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-v", "error", "-protocol_whitelist", "pipe", "-f", "ogg", "-i", "pipe:0",
        "-map", "0:a:0", "-c", coding, "-strict", "-2", "-output_ts_offset", seconds,
        "-avoid_negative_ts", "disabled", "-use_editlist", "0", "-movflags",
        "empty_moov+delay_moov+default_base_moof+frag_discont+skip_trailer", "-frag_duration",
        "2000000000", "-f", "mp4", "pipe:1",
      ])
    command.niceness = 5
    return command
  }

  private static func command(_ filters: [String]) -> ChildCommand {
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-v", "error", "-copyts", "-protocol_whitelist", "pipe", "-f", "mpegts", "-i",
        "pipe:0", "-map", "0:v?", "-map", "0:a?", "-c", "copy",
      ] + filters + [
        // The fragment's decode time is the source's own, and no edit list moves it.
        "-avoid_negative_ts", "disabled", "-use_editlist", "0", "-movflags",
        "empty_moov+delay_moov+default_base_moof+frag_discont+skip_trailer", "-frag_duration",
        "2000000000", "-f", "mp4", "pipe:1",
      ])
    command.niceness = 5
    return command
  }

  /// nil where there is no fragment.
  static func split(_ file: [UInt8]) -> Parts? {
    var position = 0
    while position + 8 <= file.count {
      let size = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      if file[position + 4..<position + 8].elementsEqual("moof".utf8) {
        return Parts(
          initialisation: Array(file[..<position]), fragments: Array(file[position...]))
      }
      guard size >= 8 else { return nil }
      position += size
    }
    return nil
  }

  private func enter() async {
    if running < Remuxer.parallel {
      running += 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// The place is handed on rather than freed, so that nobody slips in between.
  private func leave() {
    if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
  }
}
