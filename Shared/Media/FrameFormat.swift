/// How the frames of one run of audio are coded. Two frames follow each other without a seam only
/// when their formats are equal.
public struct FrameFormat: Hashable, Sendable {
  public let codec: AudioCodec
  /// Samples per second and channel, as the header states it; for HE-AAC the rate of the core.
  public let sampleRate: Int
  /// 1 or 2; for AAC up to 8, and 0 where the layout is told inside the frame.
  public let channels: Int
  /// Ogg: a fingerprint of the header pages without which no page can be decoded; else 0.
  public let setup: UInt64

  public init(codec: AudioCodec, sampleRate: Int, channels: Int, setup: UInt64 = 0) {
    self.codec = codec
    self.sampleRate = sampleRate
    self.channels = channels
    self.setup = setup
  }

  /// Whether frames of both may belong to one broadcast: a station that chains its Ogg streams sends
  /// new headers with every title.
  public func isSameBroadcast(as other: FrameFormat?) -> Bool {
    codec == other?.codec && sampleRate == other?.sampleRate && channels == other?.channels
  }

  /// How long that many samples last, rounded down to the microsecond.
  public func duration(ofSamples samples: Int64) -> Duration {
    .microseconds(microseconds(ofSamples: samples, rate: sampleRate))
  }
}

/// The codings whose frames Airloom stores as they come.
public enum AudioCodec: String, Hashable, Sendable, CaseIterable, Codable {
  /// MPEG audio layer III, II and I (ISO/IEC 11172-3, 13818-3, and the 2.5 extension).
  case mp3, mp2, mp1
  /// AAC in ADTS frames (ISO/IEC 13818-7).
  case aac
  /// On the pages of an Ogg stream (RFC 3533, 7845; Vorbis I; RFC 9639 §10.1).
  case vorbis, opus, flac

  /// Whether its frames are runs of Ogg pages, which need the header pages of their stream.
  public var isOgg: Bool { self == .vorbis || self == .opus || self == .flac }

  /// What a file of such frames is called, without the dot.
  public var fileExtension: String {
    switch self {
    case .vorbis: "ogg"
    case .flac: "oga"
    case .mp3, .mp2, .mp1, .aac, .opus: rawValue
    }
  }

  public init?(fileExtension: String) {
    guard let codec = AudioCodec.allCases.first(where: { $0.fileExtension == fileExtension }) else {
      return nil
    }
    self = codec
  }
}

/// Exact for any count: whole seconds first, so that nothing overflows in ten years of tape.
func microseconds(ofSamples samples: Int64, rate: Int) -> Int64 {
  let rate = Int64(rate)
  return samples / rate * 1_000_000 + samples % rate * 1_000_000 / rate
}
