internal import Base
internal import Subprocess

/// Decodes a file to its end, and asks what it says of itself.
///
/// FFmpeg sees one local file and a list of containers: a playlist that calls itself an MP3 opens
/// nothing else (threat S02). At low priority, and not for ever.
struct MediaProbe: Sendable {
  static let containers =
    "mp3,aac,mov,ogg,flac,wav,matroska,webm,mpegts,mpeg,aiff,asf,avi,caf,amr,ac3,eac3,w64,flv,mp4"

  var ffmpeg = "ffmpeg"
  var ffprobe = "ffprobe"
  var timeout = Duration.seconds(1800)

  /// nil where the programs are not there or did not end in time: then nothing is known.
  func decode(_ path: String) async -> MediaFacts.Decoding? {
    var command = ChildCommand(
      ffmpeg,
      [
        "-hide_banner", "-nostdin", "-v", "error", "-threads", "1", "-protocol_whitelist", "file",
        "-format_whitelist", Self.containers, "-i", "file:\(path)", "-map", "0:a?", "-map", "0:v?",
        "-c:v", "copy", "-progress", "pipe:1", "-f", "null", "-",
      ])
    command.niceness = 15
    guard let run = try? await ChildProcess.run(command, outputLimit: 8 << 20, timeout: timeout),
      !run.isTimedOut, !run.exit.isSignalled
    else { return nil }
    var decoded = Duration.zero
    for line in run.text.split(separator: "\n") where line.hasPrefix("out_time_us=") {
      if let time = Int64(line.dropFirst(12)), time > 0 {
        decoded = max(decoded, .microseconds(time))
      }
    }
    let complaint = run.errorText.split(whereSeparator: \.isNewline).first.map {
      String($0.prefix(200))
    }
    return MediaFacts.Decoding(
      decoded: decoded, announced: await announced(path), complaint: complaint)
  }

  /// What the container says; nil where it is only estimated from the bit rate.
  private func announced(_ path: String) async -> Duration? {
    var command = ChildCommand(
      ffprobe,
      [
        "-hide_banner", "-v", "warning", "-protocol_whitelist", "file", "-format_whitelist",
        Self.containers, "-show_entries", "format=duration", "-of",
        "default=noprint_wrappers=1:nokey=1", "file:\(path)",
      ])
    command.niceness = 15
    guard let run = try? await ChildProcess.run(command, timeout: .seconds(60)),
      run.exit.isSuccess, !run.errorText.contains("Estimating duration"),
      let seconds = Double(run.text.filter { !$0.isWhitespace }), seconds > 0
    else { return nil }
    return .seconds(seconds)
  }
}

extension ChildExit {
  fileprivate var isSignalled: Bool {
    if case .signalled = reason { return true }
    return false
  }
}
