/// Reads the four-byte header of MPEG-1, MPEG-2 and MPEG-2.5 audio, layers I to III
/// (ISO/IEC 11172-3 §2.4.1.3 and §2.4.2.3, ISO/IEC 13818-3 §2.4.2.3).
enum MPEGAudioHeader {
  /// Four bytes must be there, the first eleven bits set and the layer not zero.
  static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> FrameHeader.Reading {
    let second = Int(bytes[index + 1])
    let third = Int(bytes[index + 2])
    let fourth = Int(bytes[index + 3])
    let version = second >> 3 & 3
    let layer = 4 - (second >> 1 & 3)
    if version == 1 { return .refused(.reservedVersion) }
    let bitrateIndex = third >> 4
    if bitrateIndex == 15 { return .refused(.reservedBitrate) }
    let rateIndex = third >> 2 & 3
    if rateIndex == 3 { return .refused(.reservedSampleRate) }
    if fourth & 3 == 2 { return .refused(.reservedEmphasis) }
    if bitrateIndex == 0 { return .refused(.freeFormat) }

    let isMPEG1 = version == 3
    let sampleRate = sampleRate(version: version, index: rateIndex)
    let kilobits = kilobits(isMPEG1: isMPEG1, layer: layer, index: bitrateIndex)
    let padding = third >> 1 & 1
    let samples = layer == 1 ? 384 : (layer == 3 && !isMPEG1 ? 576 : 1152)
    // Layer I counts in slots of four bytes, the others in bytes.
    let length =
      layer == 1
      ? (12 * kilobits * 1000 / sampleRate + padding) * 4
      : samples / 8 * kilobits * 1000 / sampleRate + padding
    let codec: AudioCodec = layer == 1 ? .mp1 : layer == 2 ? .mp2 : .mp3
    return .header(
      FrameHeader(
        format: FrameFormat(
          codec: codec, sampleRate: sampleRate, channels: fourth >> 6 == 3 ? 1 : 2),
        length: length, samples: samples))
  }

  /// Version as coded: 0 = MPEG-2.5, 2 = MPEG-2, 3 = MPEG-1.
  private static func sampleRate(version: Int, index: Int) -> Int {
    let base = index == 0 ? 44_100 : index == 1 ? 48_000 : 32_000
    return version == 3 ? base : version == 2 ? base / 2 : base / 4
  }

  /// Index 1 ... 14.
  private static func kilobits(isMPEG1: Bool, layer: Int, index: Int) -> Int {
    switch (isMPEG1, layer) {
    case (true, 1): index * 32
    case (true, 2): layer2[index]
    case (true, _): layer3[index]
    case (false, 1): lowRateLayer1[index]
    case (false, _): lowRateLayers2And3[index]
    }
  }

  private static let layer2 = [
    0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
  ]
  private static let layer3 = [
    0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
  ]
  private static let lowRateLayer1 = [
    0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
  ]
  private static let lowRateLayers2And3 = [
    0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160,
  ]
}
