import Base
import Messages
import Subprocess

/// One look at a made file from its first to its last frame: that it decodes, how loud it is, how its
/// waveform looks. One run of FFmpeg does all of it, because decoding is what costs.
struct FileExamination: Hashable, Sendable {
  /// How much was decoded.
  var decoded: Duration
  /// What FFmpeg had to object, a line each; the last of them.
  var faults: [String]
  var loudness: LoudnessReport?

  /// Blocks of samples that the waveform is drawn of.
  static let blocks = 4800

  struct Wish: Hashable, Sendable {
    var path: String
    var form: FileForm
    var duration: Duration
    var hasSound: Bool
    var wantsLoudness: Bool
    /// The name of a file in `folder` that is to hold the peaks of each block; nil: none.
    var peaks: String?
    var folder: String
  }

  static func command(_ wish: Wish) -> ChildCommand {
    var arguments = [
      "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-y", "-progress",
      "pipe:1",
      "-stats_period", "60", "-protocol_whitelist", "file", "-f", wish.form.demuxer, "-i",
      "file:" + wish.path,
    ]
    var filters: [String] = []
    if wish.wantsLoudness { filters.append("ebur128=peak=true:framelog=verbose") }
    if let peaks = wish.peaks {
      // Of 44,100 Hz; another rate gives somewhat more or fewer blocks.
      let block = max(64, Int(wish.duration.inSeconds * 44_100) / blocks)
      filters += [
        "asetnsamples=n=\(block):p=0",
        "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Min_level+Max_level",
        "ametadata=mode=print:file=\(peaks)",
      ]
    }
    if wish.hasSound {
      arguments +=
        filters.isEmpty
        ? ["-map", "0:a"]
        : ["-filter_complex", "[0:a:0]" + filters.joined(separator: ",") + "[s]", "-map", "[s]"]
    }
    if wish.form.hasPicture { arguments += ["-map", "0:v:0"] }
    var command = ChildCommand.nice("ffmpeg", arguments + ["-f", "null", "-"])
    command.workingDirectory = wish.folder
    command.errors = .tail(limit: 64 << 10)
    return command
  }

  init(output: String, errors: String) {
    // It counts microseconds under the name of milliseconds; the last word counts.
    let time = output.split(whereSeparator: \.isNewline).last { $0.hasPrefix("out_time_us=") }
    decoded = .microseconds(time.flatMap { Int64($0.dropFirst(12)) } ?? 0)
    faults = errors.split(whereSeparator: \.isNewline)
      .filter { $0.contains("[error]") || $0.contains("[fatal]") }.suffix(5).map(String.init)
    loudness = LoudnessReport(errors)
  }

}
