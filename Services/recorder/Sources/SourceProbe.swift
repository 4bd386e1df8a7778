import Base
import FoundationEssentials
import Media
import Messages
import Subprocess

/// Asks ffprobe what a source's own bytes are: never by a second connection, and never more than two at
/// once, at low priority.
actor SourceProbe {
  static let shared = SourceProbe()

  /// As many bytes as tell everything.
  static let enough = 4 << 20
  private static let parallel = 2
  private static let patience = Duration.seconds(20)

  private var running = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// nil where ffprobe finds nothing, or is not there. `demuxer`: FFmpeg's name for the container.
  func describe(_ bytes: [UInt8], demuxer: String) async -> SourceDescription? {
    await enter()
    defer { leave() }
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "pipe", "-format_whitelist",
        demuxer == "mov" ? "mov,mov,mp4,m4a,3gp,3g2,mj2" : demuxer, "-f", demuxer, "-i", "pipe:0",
        "-show_entries",
        "format=format_name,bit_rate:stream=codec_type,codec_name,sample_rate,channels,width,height,"
          + "avg_frame_rate,bit_rate", "-of", "json",
      ])
    command.niceness = 10
    let run = try? await ChildProcess.run(
      command, input: Array(bytes.prefix(Self.enough)), timeout: Self.patience, ladder: .kill)
    return run.flatMap { Self.read($0.output, demuxer: demuxer) }
  }

  /// What ffprobe says in JSON.
  static func read(_ output: [UInt8], demuxer: String) -> SourceDescription? {
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)) else {
      return nil
    }
    let streams = answer.streams ?? []
    let sound = streams.first { $0.codecType == "audio" }
    let picture = streams.first { $0.codecType == "video" && ($0.width ?? 0) > 0 }
    guard sound != nil || picture != nil else { return nil }
    var description = SourceDescription(
      container: containers[demuxer] ?? demuxer,
      codecs: [picture, sound].compactMap { $0?.codecName })
    description.bitsPerSecond =
      picture == nil ? (sound?.bitRate ?? answer.format?.bitRate).flatMap { Int($0) } : nil
    description.sampleRate = sound?.sampleRate.flatMap { Int($0) }
    description.channels = sound?.channels
    description.width = picture?.width
    description.height = picture?.height
    description.framesPerSecond = picture?.framesPerSecond
    return description
  }

  private static let containers = ["aac": "adts", "mov": "fmp4"]

  private struct Answer: Decodable {
    struct Format: Decodable {
      var bitRate: String?
      private enum CodingKeys: String, CodingKey { case bitRate = "bit_rate" }
    }

    struct Stream: Decodable {
      var codecType: String?
      var codecName: String?
      var sampleRate: String?
      var channels: Int?
      var width: Int?
      var height: Int?
      var rate: String?
      var bitRate: String?

      /// `25/1`
      var framesPerSecond: Double? {
        let parts = (rate ?? "").split(separator: "/").compactMap { Double($0) }
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        return (parts[0] / parts[1] * 1000).rounded() / 1000
      }

      private enum CodingKeys: String, CodingKey {
        case channels, width, height
        case codecType = "codec_type"
        case codecName = "codec_name"
        case sampleRate = "sample_rate"
        case rate = "avg_frame_rate"
        case bitRate = "bit_rate"
      }
    }

    var format: Format?
    var streams: [Stream]?
  }

  private func enter() async {
    if running < Self.parallel {
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

extension SegmentInspection.Container {
  /// FFmpeg's name.
  var demuxer: String {
    switch self {
    case .transportStream: "mpegts"
    case .fragmentedMP4: "mov"
    case .packedAAC: "aac"
    case .packedMP3: "mp3"
    }
  }
}

extension AudioCodec {
  /// FFmpeg's name for a file of its frames; its mp3 demuxer reads all three layers.
  var demuxer: String { isOgg ? "ogg" : self == .aac ? "aac" : "mp3" }
}
