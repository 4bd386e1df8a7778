/// Reads the seven-byte header of an ADTS frame (ISO/IEC 13818-7 §6.2, 14496-3 §1.A.2.2).
enum ADTSHeader {
  /// Seven bytes must be there, the first twelve bits set and the layer zero.
  static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> FrameHeader.Reading {
    let third = Int(bytes[index + 2])
    let fourth = Int(bytes[index + 3])
    let rateIndex = third >> 2 & 15
    guard rateIndex < sampleRates.count else { return .refused(.reservedSampleRate) }
    let channelsIndex = (third & 1) << 2 | fourth >> 6
    let length =
      (fourth & 3) << 11 | Int(bytes[index + 4]) << 3 | Int(bytes[index + 5]) >> 5
    let isProtected = bytes[index + 1] & 1 == 0
    guard length > (isProtected ? 9 : 7) else { return .refused(.impossibleLength) }
    let blocks = Int(bytes[index + 6] & 3) + 1
    return .header(
      FrameHeader(
        format: FrameFormat(
          codec: .aac, sampleRate: sampleRates[rateIndex],
          channels: channelsIndex == 7 ? 8 : channelsIndex),
        length: length, samples: 1024 * blocks))
  }

  /// Of the header at `start`, which must be one: nine bytes where a checksum follows.
  static func length(_ bytes: [UInt8], _ start: Int) -> Int { bytes[start + 1] & 1 == 0 ? 9 : 7 }

  /// What an MP4 tells a decoder (14496-3 §1.6.2.1): object type, rate and channels as the header at
  /// `start` has them. HE-AAC is told implicitly, as ADTS does.
  static func audioSpecificConfig(_ bytes: [UInt8], _ start: Int) -> [UInt8] {
    let third = UInt16(bytes[start + 2])
    let objectType = third >> 6 + 1
    let rateIndex = third >> 2 & 15
    let channels = (third & 1) << 2 | UInt16(bytes[start + 3]) >> 6
    let value = objectType << 11 | rateIndex << 7 | channels << 3
    return [UInt8(value >> 8), UInt8(value & 0xFF)]
  }

  private static let sampleRates = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
  ]
}
