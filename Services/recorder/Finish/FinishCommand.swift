import Base
import Media
import Messages
import Subprocess

/// How a cut becomes a file: which container, and FFmpeg's arguments for it. A value.
///
/// FFmpeg is given the format instead of guessing it, may open nothing but the files named, reads
/// no standard input, and runs nicely, so that a capture always comes first.
struct FinishCommand: Hashable, Sendable {
  enum Method: Hashable, Sendable {
    /// The frames as they are, with tags.
    case copy
    case encode
    /// The frames as they are, without a container and tags: when FFmpeg does not do it.
    case raw
  }

  enum Container: Hashable, Sendable {
    case mp3, m4a
    /// Frames one after another.
    case frames(AudioCodec)

    var fileExtension: String {
      switch self {
      case .mp3: "mp3"
      case .m4a: "m4a"
      case .frames(let codec): codec.fileExtension
      }
    }

    var contentType: String {
      switch self {
      case .mp3, .frames(.mp3), .frames(.mp2), .frames(.mp1): "audio/mpeg"
      case .m4a: "audio/mp4"
      case .frames(.aac): "audio/aac"
      case .frames(.vorbis), .frames(.opus), .frames(.flac): "audio/ogg"
      }
    }
  }

  let method: Method
  let container: Container
  private let parts: [Cutter.Part]
  private let plan: RecordingPlan

  /// `isPlain`: leave FFmpeg out of it.
  init(_ parts: [Cutter.Part], plan: RecordingPlan, isPlain: Bool = false) {
    self.parts = parts
    self.plan = plan
    let codecs = Set(parts.map(\.format.codec))
    let codec = parts.first?.format.codec ?? .mp3
    let isOne = parts.count == 1
    if isPlain {
      (method, container) = (.raw, .frames(codec))
    } else if isOne, codec == .mp3 {
      (method, container) = (.copy, .mp3)
    } else if isOne, codec == .aac, plan.format == .source {
      (method, container) = (.copy, .m4a)
    } else if isOne, codec.isOgg, plan.format == .source {
      (method, container) = (.copy, .frames(codec))
    } else if codecs.count == 1, codec.isOgg, plan.format == .source {
      // Ogg streams may be chained; no container for tags takes that.
      (method, container) = (.raw, .frames(codec))
    } else if isOne, plan.format == .source {
      // Layers I and II have no tagged container that players know.
      (method, container) = (.raw, .frames(codec))
    } else {
      let wantsMP3 = plan.format == .mp3 || codecs.isSubset(of: [.mp3, .mp2, .mp1])
      (method, container) = (.encode, wantsMP3 ? .mp3 : .m4a)
    }
  }

  /// How long it may take: encoding runs at tens of times real time, copying at hundreds.
  var timeLimit: Duration {
    let seconds = parts.reduce(0.0) {
      $0 + $1.format.duration(ofSamples: $1.digest.samples).inSeconds
    }
    return .seconds(120 + Int64(seconds / (method == .encode ? 3 : 30)))
  }

  /// For methods that run FFmpeg.
  func child(output: String) -> ChildCommand {
    var arguments = ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y"]
    for part in parts {
      arguments += [
        "-protocol_whitelist", "file", "-f", FinishCommand.demuxer(part.format.codec), "-i",
        "file:" + part.path,
      ]
    }
    arguments += method == .copy ? copying : encoding
    arguments +=
      ["-map_metadata", "-1"] + FinishCommand.tags(plan) + containerOptions + ["file:" + output]
    var command = ChildCommand("ffmpeg", arguments)
    command.niceness = 10
    return command
  }

  /// The other way, for checking what came out: the frames of an M4A file as ADTS.
  static func unpack(_ path: String, to output: String) -> ChildCommand {
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file",
        "-f", "mov", "-i", "file:" + path, "-c", "copy", "-f", "adts", "file:" + output,
      ])
    command.niceness = 10
    return command
  }

  /// Prints the decoded length in seconds.
  static func probe(_ path: String) -> ChildCommand {
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file", "-show_entries", "format=duration", "-of",
        "default=nokey=1:noprint_wrappers=1", "file:" + path,
      ])
    command.niceness = 10
    return command
  }

  private var copying: [String] {
    ["-map", "0:a:0", "-c", "copy"] + (container == .m4a ? ["-bsf:a", "aac_adtstoasc"] : [])
  }

  private var encoding: [String] {
    let inputs = parts.indices.map { "[\($0):a:0]" }.joined()
    let filter = "\(inputs)concat=n=\(parts.count):v=0:a=1[out]"
    let codec =
      container == .mp3
      ? ["-c:a", "libmp3lame", "-b:a", "192k"] : ["-c:a", "aac", "-b:a", "160k"]
    return ["-filter_complex", filter, "-map", "[out]"] + codec
  }

  private var containerOptions: [String] {
    switch container {
    case .m4a: ["-movflags", "+faststart", "-f", "ipod"]
    case .frames(let codec) where codec.isOgg: ["-f", codec == .opus ? "opus" : "ogg"]
    default:
      // A Xing frame would be one frame more than was broadcast; an encoder's priming needs it.
      ["-write_xing", method == .copy ? "0" : "1", "-id3v2_version", "3", "-f", "mp3"]
    }
  }

  static func tags(_ plan: RecordingPlan) -> [String] {
    let tags = plan.tags
    let pairs: [(String, String?)] = [
      ("title", tags.title), ("artist", tags.artist), ("album", tags.album),
      ("album_artist", tags.albumArtist), ("genre", tags.genre), ("comment", tags.comment),
      ("date", plan.date),
    ]
    return pairs.flatMap { name, value in
      value.map { $0.isEmpty ? [] : ["-metadata", "\(name)=\($0)"] } ?? []
    }
  }

  private static func demuxer(_ codec: AudioCodec) -> String {
    // FFmpeg's mp3 demuxer reads all three layers.
    codec.isOgg ? "ogg" : codec == .aac ? "aac" : "mp3"
  }
}
