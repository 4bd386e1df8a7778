import Base
import FoundationEssentials
import Subprocess
import TestSupport

/// FFmpeg's opinion of a file.
enum MediaProbe {
  struct Facts: Decodable, Sendable {
    struct Format: Decodable, Sendable {
      let name: String
      let duration: String
      let tags: [String: String]?

      private enum CodingKeys: String, CodingKey {
        case name = "format_name"
        case duration, tags
      }
    }
    struct Stream: Decodable, Sendable {
      let codec: String
      /// When its first frame is to be shown, in seconds.
      let start: String?

      private enum CodingKeys: String, CodingKey {
        case codec = "codec_name"
        case start = "start_time"
      }
    }
    let format: Format
    let streams: [Stream]

    var seconds: Double { Double(format.duration) ?? 0 }

    func tag(_ name: String) -> String? {
      format.tags?.first { $0.key.lowercased() == name }?.value
    }
  }

  /// Samples per channel that come out of decoding the whole file; any complaint of the decoder is
  /// an error.
  static func decodedSamples(_ path: String) async throws -> Int {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-v", "error", "-i", "file:\(path)", "-map", "0:a:0", "-ac", "1", "-f",
          "s16le", "pipe:1",
        ]), outputLimit: 256 << 20, timeout: .seconds(120))
    guard run.exit.isSuccess, run.errorText.isEmpty else {
      throw TestFailure("ffmpeg on \(path) \(run.exit): \(run.errorText)")
    }
    return run.output.count / 2
  }

  /// Of each track, in seconds.
  static func starts(_ path: String) async throws -> [Double] {
    try await facts(path).streams.compactMap { $0.start.flatMap { Double($0) } }
  }

  /// What a player that follows the address finds.
  static func codecs(_ url: String) async throws -> [String] {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        ["-v", "error", "-of", "json", "-show_format", "-show_streams", url]),
      timeout: .seconds(60))
    guard run.exit.isSuccess else {
      throw TestFailure("ffprobe on \(url) \(run.exit): \(run.errorText)")
    }
    return try JSONDecoder().decode(Facts.self, from: Data(run.output)).streams.map(\.codec)
  }

  static func facts(_ path: String) async throws -> Facts {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        ["-v", "error", "-of", "json", "-show_format", "-show_streams", "file:\(path)"]),
      timeout: .seconds(60))
    guard run.exit.isSuccess, run.errorText.isEmpty else {
      throw TestFailure("ffprobe on \(path) \(run.exit): \(run.errorText)")
    }
    return try JSONDecoder().decode(Facts.self, from: Data(run.output))
  }
}
