/// What a logical Ogg stream's header packets say: the coding, and how much time a packet holds.
///
/// A packet's time is told by its own first bytes alone, never by what came before, so that a tape's
/// file that is read back counts exactly what was counted when it was captured.
struct OggCoding: Hashable, Sendable {
  let codec: AudioCodec
  let sampleRate: Int
  let channels: Int

  /// Vorbis: lengths of the short and the long block, and which of them each mode uses.
  private var blocks: (short: Int, long: Int) { (shortBlock, longBlock) }
  private let shortBlock: Int
  private let longBlock: Int
  private var modes: [Bool] = []
  /// FLAC: where a frame does not tell its own length.
  private let usualBlock: Int

  /// From the first packet; nil where the coding is not one that can be captured.
  init?(firstPacket packet: [UInt8]) {
    if packet.count >= 30, packet.starts(with: [1] + Array("vorbis".utf8)) {
      codec = .vorbis
      channels = Int(packet[11])
      sampleRate = Self.littleEndian(packet[12..<16])
      shortBlock = 1 << Int(packet[28] & 15)
      longBlock = 1 << Int(packet[28] >> 4)
      usualBlock = 0
    } else if packet.count >= 19, packet.starts(with: Array("OpusHead".utf8)) {
      codec = .opus
      channels = Int(packet[9])
      // Its positions are always counted at this rate (RFC 7845 §4).
      sampleRate = 48_000
      (shortBlock, longBlock, usualBlock) = (0, 0, 0)
    } else if packet.count >= 51, packet.starts(with: [0x7F] + Array("FLAC".utf8)) {
      codec = .flac
      // STREAMINFO begins at byte 17: two block sizes, two frame sizes, then 20 bits of rate.
      usualBlock = Int(packet[19]) << 8 | Int(packet[20])
      sampleRate = Int(packet[27]) << 12 | Int(packet[28]) << 4 | Int(packet[29] >> 4)
      channels = Int(packet[29] >> 1 & 7) + 1
      (shortBlock, longBlock) = (0, 0)
    } else {
      return nil
    }
    guard sampleRate > 0, channels > 0 else { return nil }
  }

  /// Whether the headers end with this packet, the `index`th of the stream (the first is 0).
  func isLastHeader(_ packet: [UInt8], index: Int) -> Bool {
    switch codec {
    case .vorbis: index >= 2
    case .opus: index >= 1
    // The metadata block that says it is the last (RFC 9639 §10.1).
    default: index >= 1 && (packet.first ?? 0x80) & 0x80 != 0
    }
  }

  /// Takes a further header; false where it makes the stream one that cannot be captured.
  mutating func take(header packet: [UInt8], index: Int) -> Bool {
    guard codec == .vorbis, index == 2 else { return true }
    modes = VorbisModes.read(packet)
    return !modes.isEmpty
  }

  /// What the station says is playing, where this header is its comment.
  static func title(inHeader packet: [UInt8]) -> String? {
    let starts = [[3] + Array("vorbis".utf8), Array("OpusTags".utf8)]
    if let start = starts.first(where: { packet.starts(with: $0) }) {
      return VorbisComment.title(packet[start.count...])
    }
    guard packet.count > 4, packet[0] & 0x7F == 4 else { return nil }
    return VorbisComment.title(packet[4...])
  }

  /// Samples per channel of a packet, of which the first bytes are given.
  func samples(_ packet: UnsafeRawBufferPointer) -> Int {
    guard let first = packet.first else { return 0 }
    switch codec {
    case .opus: return Self.opusSamples(first, packet)
    case .vorbis:
      guard first & 1 == 0 else { return 0 }
      let bits = modes.count <= 1 ? 0 : Int.bitWidth - (modes.count - 1).leadingZeroBitCount
      let mode = Int(first >> 1) & ((1 << bits) - 1)
      // Half of each block overlaps the next one; taken alone, a packet's share is half its block.
      return (modes.indices.contains(mode) && modes[mode] ? blocks.long : blocks.short) / 2
    default: return flacSamples(packet)
    }
  }

  /// RFC 6716 §3.1 and §3.2.5.
  private static func opusSamples(_ first: UInt8, _ packet: UnsafeRawBufferPointer) -> Int {
    let configuration = Int(first >> 3)
    let frame =
      switch configuration {
      case ..<12: [480, 960, 1920, 2880][configuration & 3]
      case ..<16: [480, 960][configuration & 1]
      default: [120, 240, 480, 960][configuration & 3]
      }
    switch first & 3 {
    case 0: return frame
    case 1, 2: return frame * 2
    default: return packet.count > 1 ? frame * Int(packet[1] & 0x3F) : 0
    }
  }

  /// RFC 9639 §9.1.
  private func flacSamples(_ packet: UnsafeRawBufferPointer) -> Int {
    guard packet.count > 6, packet[0] == 0xFF, packet[1] & 0xFC == 0xF8 else { return 0 }
    let code = Int(packet[2] >> 4)
    switch code {
    case 1: return 192
    case 2...5: return 576 << (code - 2)
    case 8...15: return 256 << (code - 8)
    case 6, 7:
      // Behind the number of the frame, which is coded like a character of UTF-8.
      let lead = (~packet[4]).leadingZeroBitCount
      let place = 4 + max(1, lead)
      guard packet.count > place + 1 else { return usualBlock }
      return code == 6
        ? Int(packet[place]) + 1 : (Int(packet[place]) << 8 | Int(packet[place + 1])) + 1
    default: return usualBlock
    }
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}

/// Which modes of a Vorbis stream use long blocks.
///
/// They stand at the end of the setup header, behind code books whose length only a decoder knows; so
/// they are read from the end (Vorbis I §4.2.4): a framing bit, before it 41 bits a mode, before them
/// six bits with the number of modes.
enum VorbisModes {
  private static let bitsOfMode = 41

  /// Empty where none are found.
  static func read(_ header: [UInt8]) -> [Bool] {
    guard let lastByte = header.lastIndex(where: { $0 != 0 }) else { return [] }
    let framing = lastByte * 8 + 7 - header[lastByte].leadingZeroBitCount
    var found: [Bool] = []
    var modes: [Bool] = []
    while modes.count < 64 {
      let start = framing - bitsOfMode * (modes.count + 1)
      // The window's and the transform's type are always 0, and there are 64 mappings at most.
      guard start >= 6, bits(header, start + 1, 16) == 0, bits(header, start + 17, 16) == 0,
        bits(header, start + 33, 8) < 64
      else { break }
      modes.insert(bits(header, start, 1) == 1, at: 0)
      if bits(header, start - 6, 6) == modes.count - 1 { found = modes }
    }
    return found
  }

  private static func bits(_ bytes: [UInt8], _ position: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { value, index in
      let place = position + index
      return value | Int(bytes[place / 8] >> UInt8(place % 8) & 1) << index
    }
  }
}

/// The list of names and values that Vorbis, Opus and FLAC share.
enum VorbisComment {
  /// `artist - title`, or what there is of it.
  static func title(_ bytes: ArraySlice<UInt8>) -> String? {
    var rest = bytes
    func number() -> Int? {
      guard rest.count >= 4 else { return nil }
      defer { rest = rest.dropFirst(4) }
      return rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard let vendor = number(), vendor <= rest.count else { return nil }
    rest = rest.dropFirst(vendor)
    guard let count = number() else { return nil }
    var values: [String: String] = [:]
    for _ in 0..<min(count, 1000) {
      guard let length = number(), length <= rest.count else { break }
      let parts = String(decoding: rest.prefix(length), as: UTF8.self)
        .split(separator: "=", maxSplits: 1)
      if parts.count == 2, values[parts[0].uppercased()] == nil {
        values[parts[0].uppercased()] = String(parts[1])
      }
      rest = rest.dropFirst(length)
    }
    let title = [values["ARTIST"], values["TITLE"]].compactMap(\.self).joined(separator: " - ")
    return title.isEmpty ? nil : title
  }
}
