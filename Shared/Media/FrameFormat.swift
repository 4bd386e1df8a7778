/// How the frames of one run of audio are coded. Two frames follow each other without a seam only
/// when their formats are equal.
public struct FrameFormat: Hashable, Sendable {
  public let codec: AudioCodec
  /// Samples per second and channel, as the header states it; for HE-AAC the rate of the core.
  public let sampleRate: Int
  /// 1 or 2; for AAC up to 8, and 0 where the layout is told inside the frame.
  public let channels: Int

  public init(codec: AudioCodec, sampleRate: Int, channels: Int) {
    self.codec = codec
    self.sampleRate = sampleRate
    self.channels = channels
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

  /// What a file of such frames is called, without the dot.
  public var fileExtension: String { rawValue }
}

/// Exact for any count: whole seconds first, so that nothing overflows in ten years of tape.
func microseconds(ofSamples samples: Int64, rate: Int) -> Int64 {
  let rate = Int64(rate)
  return samples / rate * 1_000_000 + samples % rate * 1_000_000 / rate
}
