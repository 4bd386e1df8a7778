import Base
import Media
import Messages
import Subprocess

/// How cut media segments become a file: FFmpeg's arguments for it. A value.
///
/// A picture can only begin at a key frame, so a file with one lasts from the segment that holds the
/// window's start (it begins with a key frame) to the window's end; sound alone is cut at the window's
/// edges. Holes are left out, so that a file lasts as long as what was captured of its window.
struct MediaCommand: Hashable, Sendable {
  let form: FileForm
  /// FFmpeg is left out of it: the segments' bytes one behind the other.
  let isRaw: Bool
  /// Whether the file certainly has sound.
  let hasSound: Bool
  /// How long the file is to be.
  let expected: Duration
  /// Where on the tape the file begins.
  let start: Instant
  /// What is left out at the beginning.
  private let offset: Duration
  private let runs: [MediaCutter.Run]
  private let plan: RecordingPlan

  /// `runs`: at least one. `isPlain`: leave FFmpeg out of it.
  init(_ runs: [MediaCutter.Run], plan: RecordingPlan, isPlain: Bool = false) {
    self.runs = runs
    self.plan = plan
    let first = runs.first
    let names = runs.flatMap { $0.codecs.split(separator: ",") }
    let sound = names.lazy.compactMap { SoundCoding(named: $0) }.first
    let hasPicture = runs.contains(where: \.hasPicture)
    isRaw = isPlain
    form =
      isPlain
      ? MediaCommand.plain(first?.container, hasPicture: hasPicture)
      : FileForm(
        plan.format,
        of: FileForm.Material(
          sound: sound, hasPicture: hasPicture,
          isUniform: runs.allSatisfy {
            $0.container == first?.container && $0.codecs == first?.codecs
              && $0.initialisation == first?.initialisation
          }), isLevelled: plan.finishing?.loudness != nil)
    hasSound = sound != nil || !form.hasPicture
    let begin = first?.start ?? plan.paddedStart
    let isExact = !isPlain && !form.hasPicture && form.container != .ts
    offset = isExact ? max(.zero, plan.paddedStart - begin) : .zero
    start = begin + offset
    let whole = runs.reduce(Duration.zero) {
      $0 + max(.zero, min($1.end, plan.paddedEnd) - $1.start)
    }
    expected = max(.zero, whole - offset)
  }

  private static func plain(
    _ container: SegmentInspection.Container?, hasPicture: Bool
  ) -> FileForm {
    switch container {
    case .fragmentedMP4: FileForm(plain: .mp4, hasPicture: hasPicture)
    case .packedAAC: FileForm(plain: .frames(.aac))
    case .packedMP3: FileForm(plain: .frames(.mp3))
    case .transportStream, nil: FileForm(plain: .ts, hasPicture: hasPicture)
    }
  }

  var timeLimit: Duration {
    .seconds(120 + Int64(expected.inSeconds / (form.encoder != nil ? 3 : 30)))
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
      let command = ChildCommand.nice(
        "ffmpeg",
        [
          "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", "-protocol_whitelist", "file",
          "-f", MediaCommand.demuxer(run.container), "-i", "file:" + run.path, "-map", "0:v:0?",
          "-map", "0:a?", "-c", "copy", "-f", "mp4", "file:" + listed(run),
        ])
      return (command, listed(run))
    }
  }

  private func listed(_ run: MediaCutter.Run) -> String {
    run.container == .fragmentedMP4 ? run.path + ".mp4" : run.path
  }

  /// Not for raw ones. `listPath`: where `list` was written.
  func child(
    output: String, listPath: String, tags: FileTags, levelling: Levelling? = nil
  ) -> ChildCommand {
    var arguments = ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y"]
    arguments += input(listPath) + tags.inputs(form)
    arguments += ["-t", MediaCommand.seconds(expected)]
    if form.hasPicture {
      arguments += ["-map", "0:v:0?", "-map", "0:a?"]
    } else {
      arguments += ["-map", form.container == .ts ? "0:a?" : "0:a:0"]
    }
    arguments += form.coding(bitsPerSecond: plan.finishing?.bitsPerSecond)
    // Packets of sound that lie before the window are not copied.
    if form.encoder == nil, offset > .zero { arguments += ["-copypriorss", "0"] }
    if let levelling { arguments += ["-filter:a", levelling.filter(sampleRate: 48_000)] }
    arguments += tags.outputs(form, after: 1)
    return ChildCommand.nice("ffmpeg", arguments + form.muxing + ["file:" + output])
  }

  /// The first pass of levelling: says the loudness of what was cut.
  func measuring(listPath: String) -> ChildCommand {
    ChildCommand.nice(
      "ffmpeg",
      ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"] + input(listPath) + [
        "-t", MediaCommand.seconds(expected), "-map", "0:a:0", "-filter:a",
        "ebur128=peak=true:framelog=verbose", "-f", "null", "-",
      ])
  }

  /// Decodes five seconds from there and prints how many frames came of each track.
  static func decode(_ path: String, from start: Duration) -> ChildCommand {
    ChildCommand.nice(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file", "-read_intervals",
        "\(seconds(start))%+5", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of",
        "default=nokey=1:noprint_wrappers=1", "file:" + path,
      ])
  }

  private func input(_ listPath: String) -> [String] {
    var arguments = ["-protocol_whitelist", "file"]
    if offset > .zero { arguments += ["-ss", MediaCommand.seconds(offset)] }
    if runs.count > 1 {
      arguments += ["-f", "concat", "-safe", "0", "-i", "file:" + listPath]
    } else if let run = runs.first {
      arguments += ["-f", MediaCommand.demuxer(run.container), "-i", "file:" + run.path]
    }
    return arguments
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
