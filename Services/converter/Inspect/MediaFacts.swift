internal import Base
internal import FoundationEssentials

/// What ffprobe says of a file, as far as a conversion needs it.
struct MediaFacts: Hashable, Sendable {
  struct Video: Hashable, Sendable {
    let index: Int
    let codec: String
    let width: Int
    let height: Int
    let durationUs: Int64?
    let startUs: Int64?
  }

  struct Audio: Hashable, Sendable {
    let index: Int
    let codec: String
    let channels: Int
    let language: String?
    let durationUs: Int64?
  }

  struct Subtitle: Hashable, Sendable {
    let index: Int
    let codec: String
    let language: String?

    /// FFmpeg turns these into text; the others are pictures.
    var isText: Bool {
      ["mov_text", "subrip", "ass", "ssa", "webvtt", "text", "dvb_teletext"].contains(codec)
    }
  }

  let durationUs: Int64?
  let startUs: Int64
  /// The first that is not a cover picture.
  let video: Video?
  /// Those that carry something: a stream that is announced and never sent has no channels.
  let audio: [Audio]
  let subtitles: [Subtitle]

  /// Such as `mpeg2video 720×576, mp2 2 channels`.
  var summary: String {
    let pictures = video.map { ["\($0.codec) \($0.width)×\($0.height)"] } ?? []
    let sounds = audio.map { track in
      "\(track.codec) \(track.channels) channel\(track.channels == 1 ? "" : "s")"
        + (track.language.map { " (\($0))" } ?? "")
    }
    return (pictures + sounds).joined(separator: ", ")
  }

  /// - Throws: where it is not ffprobe's JSON.
  init(json: [UInt8]) throws {
    let report = try JSONDecoder().decode(Report.self, from: Data(json))
    durationUs = Self.microseconds(report.format?.duration)
    startUs = Self.microseconds(report.format?.startTime) ?? 0
    let streams = report.streams ?? []
    video =
      streams.lazy.compactMap { stream -> Video? in
        guard stream.kind == "video", stream.disposition?["attached_pic"] != 1,
          let codec = stream.codec, let width = stream.width, let height = stream.height,
          width > 0, height > 0
        else { return nil }
        return Video(
          index: stream.index, codec: codec, width: width, height: height,
          durationUs: Self.microseconds(stream.duration),
          startUs: Self.microseconds(stream.startTime))
      }.first
    audio = streams.compactMap { stream in
      guard stream.kind == "audio", let codec = stream.codec, let channels = stream.channels,
        channels > 0, Int(stream.sampleRate ?? "") ?? 0 > 0
      else { return nil }
      return Audio(
        index: stream.index, codec: codec, channels: channels,
        language: stream.tags?["language"].flatMap(Self.language),
        durationUs: Self.microseconds(stream.duration))
    }
    subtitles = streams.compactMap { stream in
      guard stream.kind == "subtitle", let codec = stream.codec else { return nil }
      return Subtitle(
        index: stream.index, codec: codec,
        language: stream.tags?["language"].flatMap(Self.language))
    }
  }

  private static func microseconds(_ text: String?) -> Int64? {
    guard let text, let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e10 else {
      return nil
    }
    return Int64((seconds * 1e6).rounded())
  }

  /// ISO 639, `deu`; what else broadcasters put there is left out.
  private static func language(_ text: String) -> String? {
    let isCode = (2...3).contains(text.utf8.count) && text.utf8.allSatisfy { 97...122 ~= $0 }
    return isCode && text != "und" ? text : nil
  }

  private struct Report: Decodable {
    struct Format: Decodable {
      let duration: String?
      let startTime: String?

      private enum CodingKeys: String, CodingKey {
        case duration
        case startTime = "start_time"
      }
    }

    struct Stream: Decodable {
      let index: Int
      let kind: String?
      let codec: String?
      let width: Int?
      let height: Int?
      let channels: Int?
      let sampleRate: String?
      let duration: String?
      let startTime: String?
      let disposition: [String: Int]?
      let tags: [String: String]?

      private enum CodingKeys: String, CodingKey {
        case index, width, height, channels, duration, disposition, tags
        case kind = "codec_type"
        case codec = "codec_name"
        case sampleRate = "sample_rate"
        case startTime = "start_time"
      }
    }

    let format: Format?
    let streams: [Stream]?
  }
}
