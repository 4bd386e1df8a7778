/// A 64-bit fingerprint of a frame's bytes, the same on every run and machine, so that frames just
/// received can be compared with frames read back from the tape.
///
/// Not for secrets: it only has to tell apart frames that differ by chance. Eight bytes are folded
/// at a time by a full 64 × 64 bit product, which is about as fast as memory.
public func frameHash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
  var index = 0
  while index + 8 <= bytes.count {
    hash = fold(hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
    index += 8
  }
  var last: UInt64 = 0
  while index < bytes.count {
    last = last << 8 | UInt64(bytes[index])
    index += 1
  }
  return fold(fold(hash ^ last) ^ 0x2545_F491_4F6C_DD1D)
}

private func fold(_ value: UInt64) -> UInt64 {
  let product = (value ^ 0xD6E8_FEB8_6659_FD93).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
  return product.high ^ product.low
}
