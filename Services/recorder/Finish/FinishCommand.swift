import Base
import Media
import Messages
import Subprocess

/// How cut frames become a file: FFmpeg's arguments for it. A value.
///
/// FFmpeg is given the format instead of guessing it, may open nothing but the files named, reads
/// no standard input, and runs nicely, so that a capture always comes first.
struct FinishCommand: Hashable, Sendable {
  let form: FileForm
  /// FFmpeg is left out of it: the frames one behind the other.
  var isRaw: Bool { if case .frames = form.container { true } else { false } }
  private let parts: [Cutter.Part]
  private let plan: RecordingPlan

  /// `parts`: at least one. `isPlain`: leave FFmpeg out of it.
  init(_ parts: [Cutter.Part], plan: RecordingPlan, isPlain: Bool = false) {
    self.parts = parts
    self.plan = plan
    let codec = parts.first?.format.codec ?? .mp3
    let codings = Set(parts.map { SoundCoding($0.format.codec) })
    // What several codings are encoded as.
    let common: SoundCoding = codings.isSubset(of: [.mp1, .mp2, .mp3]) ? .mp3 : .aac
    let sound = codings.count == 1 ? SoundCoding(codec) : common
    // Ogg streams may be chained, at every title; no container for tags takes that.
    let isChain = codings.count == 1 && parts.count > 1 && codec.isOgg
    let isAsked = plan.format == .source && plan.finishing?.loudness == nil
    form =
      isPlain || isChain && isAsked
      ? FileForm(plain: .frames(SoundCoding(codec)))
      : FileForm(
        plan.format,
        of: FileForm.Material(sound: sound, isUniform: parts.count == 1, isFrames: true),
        isLevelled: plan.finishing?.loudness != nil)
  }

  /// How long the frames last.
  var duration: Duration {
    parts.reduce(.zero) { $0 + $1.format.duration(ofSamples: $1.digest.samples) }
  }

  /// How long it may take: encoding runs at tens of times real time, copying at hundreds.
  var timeLimit: Duration {
    .seconds(120 + Int64(duration.inSeconds / (form.encoder != nil ? 3 : 30)))
  }

  /// Not for raw ones.
  func child(output: String, tags: FileTags, levelling: Levelling? = nil) -> ChildCommand {
    var arguments = ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y"] + inputs
    arguments += tags.inputs(form)
    if form.encoder == nil {
      arguments += ["-map", "0:a:0"]
    } else {
      let level = levelling.map { $0.filter(sampleRate: sampleRate) }
      arguments += ["-filter_complex", filter(level) + "[out]", "-map", "[out]"]
    }
    arguments += form.coding(bitsPerSecond: plan.finishing?.bitsPerSecond)
    if form.encoder == nil, form.container == .m4a { arguments += ["-bsf:a", "aac_adtstoasc"] }
    arguments += tags.outputs(form, after: parts.count)
    return ChildCommand.nice("ffmpeg", arguments + form.muxing + ["file:" + output])
  }

  /// The first pass of levelling: says the loudness of what was cut.
  var measuring: ChildCommand {
    ChildCommand.nice(
      "ffmpeg",
      ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"] + inputs + [
        "-filter_complex", filter("ebur128=peak=true:framelog=verbose") + "[out]", "-map", "[out]",
        "-f", "null", "-",
      ])
  }

  /// The frames of a file of one coding, as they are on a tape: for checking what came out. nil
  /// where the file itself is such frames.
  static func unpack(
    _ path: String, _ form: FileForm, _ codec: AudioCodec, to output: String
  ) -> ChildCommand? {
    switch form.container {
    case .mp3, .frames: return nil
    default: break
    }
    let muxer: [String] =
      switch codec {
      case .aac: ["-f", "adts"]
      case .mp3: ["-f", "mp3", "-write_xing", "0", "-id3v2_version", "0"]
      case .vorbis, .opus, .flac: ["-f", "ogg"]
      // The muxer that writes packets as they are.
      default: ["-f", "data"]
      }
    return ChildCommand.nice(
      "ffmpeg",
      [
        "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file", "-f",
        form.demuxer, "-i", "file:" + path, "-map", "0:a:0", "-map_metadata", "-1", "-c", "copy",
      ] + muxer + ["file:" + output])
  }

  /// Prints the decoded length in seconds.
  static func probe(_ path: String) -> ChildCommand {
    ChildCommand.nice(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file", "-show_entries", "format=duration", "-of",
        "default=nokey=1:noprint_wrappers=1", "file:" + path,
      ])
  }

  private var inputs: [String] {
    parts.flatMap {
      [
        "-protocol_whitelist", "file", "-f", FinishCommand.demuxer($0.format.codec), "-i",
        "file:" + $0.path,
      ]
    }
  }

  private var sampleRate: Int {
    form.encoder == .opus ? 48_000 : min(parts.map(\.format.sampleRate).max() ?? 48_000, 48_000)
  }

  /// All parts one behind the other, then what is given.
  private func filter(_ last: String?) -> String {
    let inputs = parts.indices.map { "[\($0):a:0]" }.joined()
    let chain = (parts.count > 1 ? ["concat=n=\(parts.count):v=0:a=1"] : []) + [last ?? "anull"]
    return inputs + chain.joined(separator: ",")
  }

  private static func demuxer(_ codec: AudioCodec) -> String {
    // FFmpeg's mp3 demuxer reads all three layers.
    codec.isOgg ? "ogg" : codec == .aac ? "aac" : "mp3"
  }
}

extension ChildCommand {
  /// Work that must not disturb a capture.
  static func nice(_ program: String, _ arguments: [String]) -> ChildCommand {
    var command = ChildCommand(program, arguments)
    command.niceness = 10
    return command
  }
}
