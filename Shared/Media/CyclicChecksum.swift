/// The CRC-32 of MPEG sections (ISO/IEC 13818-1 Annex A): 0x04C11DB7, most significant bit first.
enum CyclicChecksum {
  static func mpeg2(_ bytes: [UInt8]) -> [UInt8] {
    var checksum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      checksum ^= UInt32(byte) << 24
      for _ in 0..<8 {
        checksum = checksum & 0x8000_0000 != 0 ? checksum << 1 ^ 0x04C1_1DB7 : checksum << 1
      }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32($0))) }
  }
}
