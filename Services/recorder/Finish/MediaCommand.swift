import Base
import Media
import Messages
import Subprocess

/// How cut media segments become a file: which container, and FFmpeg's arguments for it. A value.
///
/// | recording | file |
/// | --- | --- |
/// | with a picture | `.mp4`, copied, from the segment that holds the window's start to the window's end |
/// | sound alone | `.m4a` (MP3: `.mp3`), copied likewise |
/// | `format = mp3` | `.mp3`, encoded, exactly the window |
/// | coding changed within the window | `.ts`, copied: it may change its coding midway |
///
/// Holes are left out, so that a file lasts as long as what was captured of its window.
struct MediaCommand: Hashable, Sendable {
  enum Method: Hashable, Sendable {
    case copy, encode
    /// The segments' bytes one behind the other, when FFmpeg does not do it.
    case raw
  }

  enum Container: String, Hashable, Sendable {
    case mp4, m4a, mp3, ts, aac

    var fileExtension: String { rawValue }

    func contentType(hasPicture: Bool) -> String {
      switch self {
      case .mp4: hasPicture ? "video/mp4" : "audio/mp4"
      case .m4a: "audio/mp4"
      case .mp3: "audio/mpeg"
      case .ts: "video/mp2t"
      case .aac: "audio/aac"
      }
    }
  }

  let method: Method
  let container: Container
  let hasPicture: Bool
  /// How long the file is to be.
  let expected: Duration
  /// What is left out at the beginning.
  private let offset: Duration
  private let runs: [MediaCutter.Run]
  private let plan: RecordingPlan

  /// `runs`: at least one. `isPlain`: leave FFmpeg out of it.
  init(_ runs: [MediaCutter.Run], plan: RecordingPlan, isPlain: Bool = false) {
    self.runs = runs
    self.plan = plan
    let first = runs.first
    let names = runs.flatMap { $0.codecs.split(separator: ",").map(String.init) }
    hasPicture = runs.contains(where: \.hasPicture)
    let isUniform = runs.allSatisfy {
      $0.container == first?.container && $0.codecs == first?.codecs
        && $0.initialisation == first?.initialisation
    }
    if isPlain {
      method = .raw
      container =
        switch first?.container {
        case .fragmentedMP4: .mp4
        case .packedAAC: .aac
        case .packedMP3: .mp3
        case .transportStream, nil: .ts
        }
    } else if plan.format == .mp3 {
      (method, container) = (.encode, .mp3)
    } else if !isUniform {
      (method, container) = (.copy, .ts)
    } else if hasPicture {
      (method, container) = (.copy, .mp4)
    } else {
      let isMP3 = Set(names) == ["mp4a.40.34"]
      (method, container) = (.copy, isMP3 ? .mp3 : .m4a)
    }
    let start = first?.start ?? plan.paddedStart
    let isExact = method == .encode
    offset = isExact ? max(.zero, plan.paddedStart - start) : .zero
    let whole = runs.reduce(Duration.zero) {
      $0 + max(.zero, min($1.end, plan.paddedEnd) - $1.start)
    }
    expected = max(.zero, whole - offset)
  }

  var timeLimit: Duration {
    .seconds(120 + Int64(expected.inSeconds / (method == .encode ? 3 : 30)))
  }

  /// What the concat demuxer reads where there is more than one run.
  var list: String? {
    guard runs.count > 1 else { return nil }
    return "ffconcat version 1.0\n"
      + runs.map { "file '\(MediaCommand.quoted(listed($0)))'\n" }.joined()
  }

  /// To be run before `child`: fragments in the midst of a programme begin late in their own time,
  /// which FFmpeg's list takes for silence, so each such run becomes a file that begins at 0.
  var preparations: [(command: ChildCommand, output: String)] {
    guard runs.count > 1 else { return [] }
    return runs.filter { listed($0) != $0.path }.map { run in
      var command = ChildCommand(
        "ffmpeg",
        [
          "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", "-protocol_whitelist", "file",
          "-f", MediaCommand.demuxer(run.container), "-i", "file:" + run.path, "-map", "0:v:0?",
          "-map", "0:a?", "-c", "copy", "-f", "mp4", "file:" + listed(run),
        ])
      command.niceness = 10
      return (command, listed(run))
    }
  }

  private func listed(_ run: MediaCutter.Run) -> String {
    run.container == .fragmentedMP4 ? run.path + ".mp4" : run.path
  }

  /// For methods that run FFmpeg. `listPath`: where `list` was written.
  func child(output: String, listPath: String) -> ChildCommand {
    var arguments = [
      "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", "-protocol_whitelist", "file",
    ]
    if offset > .zero { arguments += ["-ss", MediaCommand.seconds(offset)] }
    if runs.count > 1 {
      arguments += ["-f", "concat", "-safe", "0", "-i", "file:" + listPath]
    } else if let run = runs.first {
      arguments += ["-f", MediaCommand.demuxer(run.container), "-i", "file:" + run.path]
    }
    arguments += ["-t", MediaCommand.seconds(expected)]
    arguments +=
      method == .encode
      ? ["-vn", "-map", "0:a:0", "-c:a", "libmp3lame", "-b:a", "192k"]
      : ["-map", "0:v:0?", "-map", "0:a?", "-c", "copy"]
    arguments += ["-map_metadata", "-1"] + FinishCommand.tags(plan)
    switch container {
    case .mp4, .m4a: arguments += ["-movflags", "+faststart", "-f", "mp4"]
    case .mp3:
      arguments += [
        "-write_xing", method == .copy ? "0" : "1", "-id3v2_version", "3", "-f", "mp3",
      ]
    case .ts: arguments += ["-f", "mpegts"]
    case .aac: arguments += ["-f", "adts"]
    }
    var command = ChildCommand("ffmpeg", arguments + ["file:" + output])
    command.niceness = 10
    return command
  }

  /// Decodes five seconds from there and prints how many frames came of each track.
  static func decode(_ path: String, from start: Duration) -> ChildCommand {
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file", "-read_intervals",
        "\(seconds(start))%+5", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of",
        "default=nokey=1:noprint_wrappers=1", "file:" + path,
      ])
    command.niceness = 10
    return command
  }

  static func demuxer(_ container: SegmentInspection.Container) -> String {
    switch container {
    case .transportStream: "mpegts"
    case .fragmentedMP4: "mov"
    case .packedAAC: "aac"
    case .packedMP3: "mp3"
    }
  }

  static func seconds(_ duration: Duration) -> String {
    "\(duration.microseconds / 1_000_000)."
      + padded(Int(duration.microseconds % 1_000_000), 6)
  }

  /// Within single quotes of FFmpeg's own kind.
  private static func quoted(_ path: String) -> String {
    path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
  }
}
