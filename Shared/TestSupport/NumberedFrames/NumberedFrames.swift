internal import Base

/// Makes audio frames that carry their own number and decode to silence, so that a test can say
/// exactly which frames came through a recorder, how often and in which order.
///
/// MP3: side information of zeros leaves the rest of the frame unused by decoders; the mark stands
/// there. AAC: a data stream element with the mark stands in front of a silent block. FFmpeg copies
/// and decodes both without a warning. The same (kind, tag, number) always gives the same bytes.
public struct NumberedFrames: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// MPEG-1 layer III, stereo, constant bitrate with padding where it is due.
    case mp3(kilobits: Int, sampleRate: Int)
    /// AAC-LC in ADTS, stereo, each frame with that many bytes of mark and filling (38 ... 254).
    case adts(payload: Int, sampleRate: Int)
  }

  public let kind: Kind
  /// Tells streams apart.
  public let tag: UInt32

  public init(_ kind: Kind = .mp3(kilobits: 128, sampleRate: 44_100), tag: UInt32 = 1) {
    self.kind = kind
    self.tag = tag
  }

  public var contentType: String {
    switch kind {
    case .mp3: "audio/mpeg"
    case .adts: "audio/aac"
    }
  }

  public var sampleRate: Int {
    switch kind {
    case .mp3(_, let rate), .adts(_, let rate): rate
    }
  }

  public var samplesPerFrame: Int {
    switch kind {
    case .mp3: 1152
    case .adts: 1024
    }
  }

  public var frameDuration: Duration {
    .nanoseconds(Int64(samplesPerFrame) * 1_000_000_000 / Int64(sampleRate))
  }

  /// When frame `number` begins, counted from the beginning of frame 0.
  public func start(ofFrame number: UInt64) -> Duration {
    let samples = Int64(number) * Int64(samplesPerFrame)
    return .nanoseconds(
      samples / Int64(sampleRate) * 1_000_000_000
        + samples % Int64(sampleRate) * 1_000_000_000 / Int64(sampleRate))
  }

  public func frame(_ number: UInt64) -> [UInt8] {
    frame(number, payload: { FrameMark(tag: tag, number: number).bytes(count: $0) })
  }

  /// A frame without a number; all such frames of the same length are equal, as encoded silence.
  public func silentFrame(_ number: UInt64) -> [UInt8] {
    frame(number, payload: { [UInt8](repeating: 0, count: $0) })
  }

  public func frames(_ numbers: Range<UInt64>) -> [UInt8] { numbers.flatMap { frame($0) } }

  private func frame(_ number: UInt64, payload: (Int) -> [UInt8]) -> [UInt8] {
    switch kind {
    case .mp3(let kilobits, let sampleRate):
      MP3Frame.bytes(number: number, kilobits: kilobits, sampleRate: sampleRate, payload: payload)
    case .adts(let count, let sampleRate):
      ADTSFrame.bytes(sampleRate: sampleRate, payload: payload(count))
    }
  }
}

private enum MP3Frame {
  static let kilobits = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
  static let sampleRates = [44_100, 48_000, 32_000]

  static func bytes(
    number: UInt64, kilobits rate: Int, sampleRate: Int, payload: (Int) -> [UInt8]
  ) -> [UInt8] {
    guard let rateIndex = kilobits.firstIndex(of: rate),
      let sampleRateIndex = sampleRates.firstIndex(of: sampleRate)
    else { preconditionFailure("MPEG-1 layer III has no \(rate) kbit/s at \(sampleRate) Hz") }
    // The frame is padded by a byte whenever the exact length has added up to one more.
    let numerator = 144 * rate * 1000
    let whole = numerator / sampleRate
    let remainder = numerator % sampleRate
    let fraction = Int(number % UInt64(sampleRate)) * remainder % sampleRate
    let padding = fraction + remainder >= sampleRate ? 1 : 0
    let header: [UInt8] = [
      0xFF, 0xFB, UInt8(rateIndex << 4 | sampleRateIndex << 2 | padding << 1), 0x00,
    ]
    let sideInformation = [UInt8](repeating: 0, count: 32)
    return header + sideInformation + payload(whole + padding - 36)
  }
}

private enum ADTSFrame {
  static let sampleRates = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  ]

  /// A channel pair with no scale factor bands, and the end: common_window 1, everything else
  /// zero (ISO/IEC 14496-3 §4.4.2.1), 46 bits.
  static let silence: [UInt8] = [0x21, 0x00, 0x00, 0x00, 0x00, 0x1C]

  static func bytes(sampleRate: Int, payload: [UInt8]) -> [UInt8] {
    guard let rateIndex = sampleRates.firstIndex(of: sampleRate), payload.count < 255 else {
      preconditionFailure("ADTS has no \(sampleRate) Hz, or the payload is over 254 bytes")
    }
    let length = 7 + 2 + payload.count + silence.count
    let header: [UInt8] = [
      0xFF, 0xF1, UInt8(1 << 6 | rateIndex << 2), UInt8(2 << 6 | length >> 11),
      UInt8(length >> 3 & 0xFF), UInt8((length & 7) << 5 | 0x1F), 0xFC,
    ]
    // data_stream_element: id 4 (3 bits), tag 0 (4 bits), byte alignment 1 (1 bit), count.
    return header + [0x81, UInt8(payload.count)] + payload + silence
  }
}
