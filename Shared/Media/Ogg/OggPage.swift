/// The header of one page of an Ogg stream (RFC 3533 §6), checked by its checksum.
struct OggPage: Hashable, Sendable {
  enum Reading: Hashable, Sendable {
    case page(OggPage)
    /// No page stands there.
    case absent
    /// The bytes end before the answer.
    case unknown
  }

  /// It begins with the rest of a packet of the page before.
  let isContinued: Bool
  /// The first page of a logical stream.
  let isFirst: Bool
  let serial: UInt32
  let sequence: UInt32
  /// Lengths of the pieces of packets; 255 says that the packet goes on in the next piece.
  let lacing: [UInt8]
  /// Bytes before the body.
  let headerLength: Int
  /// Of the whole page.
  let length: Int

  /// Whether the last packet ends on it.
  var endsPacket: Bool { lacing.last.map { $0 < 255 } ?? false }

  static let capture = Array("OggS".utf8)
  private static let fixedLength = 27

  static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Reading {
    let available = bytes.count - index
    for (offset, byte) in capture.enumerated() {
      if offset >= available { return .unknown }
      if bytes[index + offset] != byte { return .absent }
    }
    guard available >= fixedLength else { return .unknown }
    guard bytes[index + 4] == 0 else { return .absent }
    let count = Int(bytes[index + 26])
    let headerLength = fixedLength + count
    guard available >= headerLength else { return .unknown }
    let lacing = Array(bytes[index + fixedLength..<index + headerLength])
    let length = headerLength + lacing.reduce(0) { $0 + Int($1) }
    guard available >= length else { return .unknown }
    let whole = UnsafeRawBufferPointer(rebasing: bytes[index..<index + length])
    guard OggChecksum.of(whole) == number(whole, at: 22) else { return .absent }
    let flags = bytes[index + 5]
    return .page(
      OggPage(
        isContinued: flags & 1 != 0, isFirst: flags & 2 != 0, serial: number(whole, at: 14),
        sequence: number(whole, at: 18), lacing: lacing, headerLength: headerLength, length: length)
    )
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
    bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian
  }
}

/// CRC-32 as Ogg uses it: 0x04C11DB7, most significant bit first, from 0, over the page with its
/// checksum taken for zero.
enum OggChecksum {
  static func of(_ page: UnsafeRawBufferPointer) -> UInt32 {
    var checksum: UInt32 = 0
    for (index, byte) in page.enumerated() {
      let value = (22..<26).contains(index) ? 0 : byte
      checksum = checksum << 8 ^ table[Int(UInt8(truncatingIfNeeded: checksum >> 24) ^ value)]
    }
    return checksum
  }

  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index) << 24
    for _ in 0..<8 { value = value & 0x8000_0000 != 0 ? value << 1 ^ 0x04C1_1DB7 : value << 1 }
    return value
  }
}
