/// The container that a drop's first bytes show, and what FFmpeg calls it. FFmpeg is always told: left
/// to guess, it takes a playlist named `.ts` for a playlist and opens what that names.
enum ContainerFormat: String, Hashable, Sendable, CaseIterable {
  case mpegts
  case programStream = "mpeg"
  case matroska = "matroska,webm"
  case mp4 = "mov,mp4,m4a,3gp,3g2,mj2"
  case avi, asf, wtv, flv, mxf, ogg

  /// FFmpeg's demuxer for `-f`; the raw value is for `-format_whitelist`, which knows it by all of its
  /// names.
  var demuxer: String {
    switch self {
    case .matroska: "matroska"
    case .mp4: "mov"
    default: rawValue
    }
  }

  /// As many of the first bytes as the question needs.
  static let usefulPrefix = 64 << 10

  init?(head: [UInt8]) {
    func starts(_ bytes: [UInt8], at offset: Int = 0) -> Bool {
      head.dropFirst(offset).starts(with: bytes)
    }
    let boxes = ["ftyp", "moov", "mdat", "wide", "skip", "free", "styp"]
    if starts([0x1A, 0x45, 0xDF, 0xA3]) {
      self = .matroska
    } else if boxes.contains(where: { starts(Array($0.utf8), at: 4) }) {
      self = .mp4
    } else if starts([0, 0, 1, 0xBA]) {
      self = .programStream
    } else if starts(Array("RIFF".utf8)), starts(Array("AVI ".utf8), at: 8) {
      self = .avi
    } else if starts([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11]) {
      self = .asf
    } else if starts([0xB7, 0xD8, 0x00, 0x20, 0x37, 0x49, 0xDA, 0x11]) {
      self = .wtv
    } else if starts(Array("FLV\u{1}".utf8)) {
      self = .flv
    } else if starts([0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02]) {
      self = .mxf
    } else if starts(Array("OggS".utf8)) {
      self = .ogg
    } else if Self.isTransportStream(head) {
      self = .mpegts
    } else {
      return nil
    }
  }

  /// Five sync bytes at the distance of packets, plain, with time codes (Blu-ray, AVCHD) or with
  /// parity; a capture may begin in the middle of a packet.
  private static func isTransportStream(_ head: [UInt8]) -> Bool {
    for size in [188, 192, 204] {
      for start in 0..<min(4 * size, max(0, head.count - 4 * size)) where head[start] == 0x47 {
        if (1...4).allSatisfy({ head[start + $0 * size] == 0x47 }) { return true }
      }
    }
    return false
  }
}
