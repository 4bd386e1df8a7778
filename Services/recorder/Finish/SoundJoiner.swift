import Base
import Media
import Subprocess

/// Puts sound that a station offered apart beside its picture: which pieces of the sound belong to a
/// piece of the picture, and what FFmpeg is asked to make one file of them. A value; nothing is
/// encoded.
///
/// Both tracks of a station count their time from the same beginning (RFC 8216 §3), so they are joined
/// by their own time stamps. Our labels would be off by as much as the two playlists were loaded apart;
/// they only help where a piece has no time stamps.
struct SoundJoiner: Hashable, Sendable {
  /// A piece of the sound on its way.
  struct Part: Hashable, Sendable {
    let run: MediaCutter.Run
    /// Where it begins, after the picture's beginning; negative: before it.
    let offset: Duration
  }

  let picture: MediaCutter.Run
  let parts: [Part]

  /// nil where nothing of the sound goes with the picture.
  init?(_ picture: MediaCutter.Run, sounds: [MediaCutter.Run]) {
    let beside = sounds.filter { $0.start < picture.end && $0.end > picture.start }
    guard picture.hasPicture, !beside.isEmpty else { return nil }
    self.picture = picture
    parts = beside.map { Part(run: $0, offset: SoundJoiner.offset(of: $0, to: picture)) }
  }

  /// The piece with both.
  var joined: MediaCutter.Run {
    var run = picture
    run.path = picture.path + ".joined.ts"
    run.container = .transportStream
    run.initialisation = nil
    run.prefixBytes = 0
    // A variant's codecs often name the sound that it is offered with.
    let sound = parts[0].run.codecs
    if !sound.isEmpty, !run.codecs.contains(sound) { run.codecs += "," + sound }
    return run
  }

  /// Where a hole divides the sound each part becomes a file with the time of its own; laid one behind
  /// the other they are the whole.
  var preparations: [(command: ChildCommand, output: String)] {
    guard parts.count > 1 else { return [] }
    return parts.map { part in
      let output = part.run.path + ".part.ts"
      let arguments =
        SoundJoiner.input(part)
        + [
          "-map", "0:a:0", "-c", "copy", "-output_ts_offset",
          MediaCommand.seconds(max(.zero, part.offset)), "-muxdelay", "0", "-muxpreload", "0", "-f",
          "mpegts", "file:" + output,
        ]
      return (SoundJoiner.ffmpeg(arguments), output)
    }
  }

  /// Where the prepared parts are laid together.
  var soundPath: String { picture.path + ".sound.ts" }

  var command: ChildCommand {
    let sound =
      parts.count == 1
      ? SoundJoiner.shift(parts[0]) + SoundJoiner.input(parts[0])
      : ["-itsoffset", MediaCommand.seconds(max(.zero, parts[0].offset))]
        + SoundJoiner.file("mpegts", soundPath)
    return SoundJoiner.ffmpeg(
      SoundJoiner.file(MediaCommand.demuxer(picture.container), picture.path) + sound + [
        "-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0", "-f",
        "mpegts", "file:" + joined.path,
      ])
  }

  private static func shift(_ part: Part) -> [String] {
    part.offset > .zero ? ["-itsoffset", MediaCommand.seconds(part.offset)] : []
  }

  /// What comes before the picture is left out.
  private static func input(_ part: Part) -> [String] {
    let lead = max(.zero, .zero - part.offset)
    return (lead > .zero ? ["-ss", MediaCommand.seconds(lead)] : [])
      + file(MediaCommand.demuxer(part.run.container), part.run.path)
  }

  private static func file(_ format: String, _ path: String) -> [String] {
    ["-protocol_whitelist", "file", "-f", format, "-i", "file:" + path]
  }

  private static func ffmpeg(_ arguments: [String]) -> ChildCommand {
    var command = ChildCommand(
      "ffmpeg", ["-nostdin", "-hide_banner", "-loglevel", "warning", "-y"] + arguments)
    command.niceness = 10
    return command
  }

  private static func offset(
    of sound: MediaCutter.Run, to picture: MediaCutter.Run
  ) -> Duration {
    let byLabels = sound.start - picture.start
    guard let soundTime = sound.mediaStart, let pictureTime = picture.mediaStart else {
      return byLabels
    }
    // Time stamps of MPEG-TS begin anew after 2^33 ticks of 90 kHz: 26.5 hours.
    let cycle = Duration.microseconds((Int64(1) << 33) * 100 / 9)
    let difference = soundTime - pictureTime
    let candidates = [difference, difference + cycle, difference - cycle]
    func distance(_ value: Duration) -> Duration {
      let error = value - byLabels
      return error < .zero ? .zero - error : error
    }
    let nearest = candidates.min { distance($0) < distance($1) } ?? difference
    // A station whose tracks do not share their time is joined by when they came.
    return distance(nearest) < .seconds(30) ? nearest : byLabels
  }
}
