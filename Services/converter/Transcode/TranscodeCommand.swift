internal import Base
internal import Configuration
internal import Subprocess

/// FFmpeg's arguments for making an MP4 of a drop: H.264 and AAC, the index in front, pictures that
/// were broadcast in two halves put together, every sound track. A value.
///
/// FFmpeg is told the format instead of guessing it, may open nothing but files, gets the drop as a
/// descriptor, and runs at low priority so that a capture always comes first.
struct TranscodeCommand: Sendable {
  static let niceness: Int32 = 10

  let content: Inspection.Content
  let preset: Settings.Converter.Preset
  let crf: Int

  func child(_ drop: OpenDrop, output: String) -> ChildCommand {
    var arguments = ["-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats", "-y"]
    arguments += ["-progress", "pipe:1", "-stats_period", "0.5"]
    arguments += Self.input(content.format)
    arguments += content.facts.video.map { ["-map", "0:\($0.index)"] } ?? []
    arguments += content.facts.audio.flatMap { ["-map", "0:\($0.index)"] }
    arguments += ["-sn", "-dn"] + picture + sound
    arguments += [
      "-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4", "file:" + output,
    ]
    var command = ChildCommand("ffmpeg", arguments)
    command.input = drop.input
    command.niceness = Self.niceness
    command.errors = .tail(limit: 64 << 10)
    return command
  }

  /// The drop as the first input.
  static func input(_ format: ContainerFormat) -> [String] {
    [
      "-protocol_whitelist", "file,pipe", "-format_whitelist", format.rawValue, "-f",
      format.demuxer,
    ] + DropInspector.searchOptions + ["-fflags", "+genpts", "-i", OpenDrop.nameForChild]
  }

  /// Frames that are flagged as interlaced are put together, others pass. The size is fixed, and even
  /// as 4:2:0 needs it: one that changes in the middle of a broadcast would end the encoder.
  private var picture: [String] {
    guard let video = content.facts.video else { return [] }
    let (width, height) = (max(2, video.width & ~1), max(2, video.height & ~1))
    return [
      "-filter:v",
      "bwdif=mode=send_frame:parity=auto:deint=interlaced,scale=\(width):\(height),format=yuv420p",
      "-c:v", "libx264", "-preset", preset.rawValue, "-crf", "\(crf)",
    ]
  }

  /// Missing pieces become silence, so that sound and picture stay together.
  private var sound: [String] {
    guard !content.facts.audio.isEmpty else { return [] }
    let rates = content.facts.audio.enumerated().flatMap { index, track in
      ["-b:a:\(index)", track.channels > 2 ? "384k" : track.channels == 2 ? "192k" : "128k"]
    }
    return ["-filter:a", "aresample=async=1", "-c:a", "aac"] + rates
  }
}
