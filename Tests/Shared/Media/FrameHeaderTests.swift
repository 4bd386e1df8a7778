import Testing

@testable import Media

struct FrameHeaderTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let expected: FrameHeader.Reading
    var testDescription: String { name }
  }

  static func header(
    _ codec: AudioCodec, _ rate: Int, _ channels: Int, _ length: Int, _ samples: Int
  ) -> FrameHeader.Reading {
    .header(
      FrameHeader(
        format: FrameFormat(codec: codec, sampleRate: rate, channels: channels), length: length,
        samples: samples))
  }

  // Lengths by the formulas of ISO/IEC 11172-3 §2.4.3.1, worked out by hand.
  static let cases: [Case] = [
    Case(
      name: "MPEG-1 III 128 kbit/s 44.1 kHz joint stereo", bytes: [0xFF, 0xFB, 0x90, 0x40],
      expected: header(.mp3, 44_100, 2, 417, 1152)),
    Case(
      name: "the same with padding", bytes: [0xFF, 0xFB, 0x92, 0x40],
      expected: header(.mp3, 44_100, 2, 418, 1152)),
    Case(
      name: "MPEG-1 III 320 kbit/s 32 kHz mono", bytes: [0xFF, 0xFB, 0xE8, 0xC0],
      expected: header(.mp3, 32_000, 1, 1440, 1152)),
    Case(
      name: "MPEG-2 III 64 kbit/s 22.05 kHz", bytes: [0xFF, 0xF3, 0x80, 0x00],
      expected: header(.mp3, 22_050, 2, 208, 576)),
    Case(
      name: "MPEG-2.5 III 8 kbit/s 8 kHz mono", bytes: [0xFF, 0xE3, 0x18, 0xC0],
      expected: header(.mp3, 8000, 1, 72, 576)),
    Case(
      name: "MPEG-1 II 384 kbit/s 48 kHz", bytes: [0xFF, 0xFD, 0xE4, 0x00],
      expected: header(.mp2, 48_000, 2, 1152, 1152)),
    Case(
      name: "MPEG-1 I 448 kbit/s 44.1 kHz padded", bytes: [0xFF, 0xFF, 0xE2, 0x00],
      expected: header(.mp1, 44_100, 2, 488, 384)),
    Case(
      name: "free format", bytes: [0xFF, 0xFB, 0x00, 0x00], expected: .refused(.freeFormat)),
    Case(
      name: "bitrate 15", bytes: [0xFF, 0xFB, 0xF0, 0x00],
      expected: .refused(.reservedBitrate)),
    Case(
      name: "sample rate 3", bytes: [0xFF, 0xFB, 0x9C, 0x00],
      expected: .refused(.reservedSampleRate)),
    Case(
      name: "emphasis 2", bytes: [0xFF, 0xFB, 0x90, 0x02],
      expected: .refused(.reservedEmphasis)),
    Case(
      name: "MPEG version 1", bytes: [0xFF, 0xEB, 0x90, 0x00],
      expected: .refused(.reservedVersion)),
    Case(
      name: "ADTS LC 44.1 kHz stereo of 371 bytes",
      bytes: [0xFF, 0xF1, 0x50, 0x80, 0x2E, 0x7F, 0xFC],
      expected: header(.aac, 44_100, 2, 371, 1024)),
    Case(
      name: "ADTS with two blocks, CRC, 24 kHz, 7.1",
      bytes: [0xFF, 0xF0, 0x59, 0xC0, 0x20, 0x1F, 0xFD],
      expected: header(.aac, 24_000, 8, 256, 2048)),
    Case(
      name: "ADTS shorter than its header", bytes: [0xFF, 0xF1, 0x50, 0x80, 0x00, 0xFF, 0xFC],
      expected: .refused(.impossibleLength)),
    Case(
      name: "ADTS sample rate 13", bytes: [0xFF, 0xF1, 0x74, 0x80, 0x2E, 0x7F, 0xFC],
      expected: .refused(.reservedSampleRate)),
    Case(name: "text", bytes: Array("ICY 200 OK".utf8), expected: .absent),
    Case(name: "a lone 0xFF", bytes: [0xFF], expected: .unknown),
    Case(name: "half an ADTS header", bytes: [0xFF, 0xF1, 0x50, 0x80], expected: .unknown),
    Case(name: "nothing", bytes: [], expected: .unknown),
  ]

  @Test(arguments: cases)
  func `A header is read as the standard says`(_ example: Case) {
    #expect(example.bytes.withUnsafeBytes { FrameHeader.read($0) } == example.expected)
  }

  @Test func `Every three-byte start is answered without a crash and with a sane length`() {
    var insane = 0
    for second in UInt8.min...UInt8.max {
      for third in UInt8.min...UInt8.max {
        let bytes: [UInt8] = [0xFF, second, third, 0x40, 0x7F, 0xFF, 0xFF]
        guard case .header(let header) = bytes.withUnsafeBytes({ FrameHeader.read($0) }) else {
          continue
        }
        let isSane =
          (8...FrameHeader.longestFrame).contains(header.length) && header.samples > 0
          && header.format.sampleRate >= 7350
        insane += isSane ? 0 : 1
      }
    }
    #expect(insane == 0)
  }

  @Test func `Sample counts become microseconds exactly, also after ten years`() {
    let format = FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2)
    #expect(format.duration(ofSamples: 1152) == .microseconds(26_122))
    let tenYears: Int64 = 10 * 366 * 86_400
    #expect(format.duration(ofSamples: tenYears * 44_100) == .seconds(tenYears))
  }
}
