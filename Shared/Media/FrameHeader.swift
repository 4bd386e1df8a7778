/// What the first bytes of one frame say: its coding, how long it is and how much time it holds.
///
/// MPEG audio and ADTS share the sync word and differ in the two layer bits (zero is reserved in
/// MPEG audio and fixed in ADTS), so one reading tells them apart. A header alone proves little:
/// random bytes look like one about once in 4,000; `FrameScanner` asks for several in a row.
public struct FrameHeader: Hashable, Sendable {
  public let format: FrameFormat
  /// Bytes of the whole frame, header included.
  public let length: Int
  /// Samples per channel.
  public let samples: Int

  /// Enough bytes to read any header.
  public static let readableLength = 7
  /// No frame of any coding is longer (13 bits of length in ADTS).
  public static let longestFrame = 8191

  /// Bits per second while this frame plays.
  public var bitrate: Int { length * 8 * format.sampleRate / samples }

  public enum Reading: Hashable, Sendable {
    case header(FrameHeader)
    /// The sync word is there, and what follows cannot be used.
    case refused(HeaderRefusal)
    case absent
    /// The bytes end before the answer.
    case unknown
  }

  public static func read(_ bytes: UnsafeRawBufferPointer, at index: Int = 0) -> Reading {
    let available = bytes.count - index
    if available < 1 { return .unknown }
    guard bytes[index] == 0xFF else { return .absent }
    if available < 2 { return .unknown }
    let second = bytes[index + 1]
    guard second & 0xE0 == 0xE0 else { return .absent }
    if second & 0x06 == 0 {
      guard second & 0xF0 == 0xF0 else { return .absent }
      return available < 7 ? .unknown : ADTSHeader.read(bytes, at: index)
    }
    return available < 4 ? .unknown : MPEGAudioHeader.read(bytes, at: index)
  }
}

/// Why bytes that begin like a frame are not taken for one.
public enum HeaderRefusal: String, Hashable, Sendable {
  case freeFormat, reservedVersion, reservedBitrate, reservedSampleRate, reservedEmphasis
  case impossibleLength
  case oggCoding

  /// One sentence for the person who chose the stream.
  public var sentence: String {
    switch self {
    case .freeFormat:
      "The stream is free-format MPEG audio, whose frames do not tell their length; "
        + "ask the station for a stream with a standard bitrate."
    case .oggCoding:
      "The Ogg stream holds neither Vorbis nor Opus nor FLAC alone; "
        + "let FFmpeg read it (source ffmpeg), or use an MP3 or AAC stream of the station."
    case .reservedVersion, .reservedBitrate, .reservedSampleRate, .reservedEmphasis,
      .impossibleLength:
      "The stream's frame headers hold values that no standard defines (\(rawValue)); "
        + "check that the URL leads to MP3 or AAC audio."
    }
  }
}
