import Base

/// A 64-bit fingerprint of a file's bytes, taken as they come in pieces of any size, the same on every
/// run and machine: kept in a segment's row, so that a bit that flips on the disk is found.
///
/// Not against people who mean harm. Eight bytes at a time are folded by a full 64 × 64 bit product,
/// which is about as fast as memory.
struct ByteDigest: Sendable {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  /// The bytes that do not fill a word yet, the first one lowest.
  private var rest: UInt64 = 0
  private var restCount = 0
  private var count: UInt64 = 0

  init() {}

  init(of bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    count &+= UInt64(bytes.count)
    var index = 0
    while restCount > 0, index < bytes.count {
      rest |= UInt64(bytes[index]) << (8 * UInt64(restCount))
      restCount += 1
      index += 1
      if restCount == 8 {
        fold(rest)
        (rest, restCount) = (0, 0)
      }
    }
    while index + 8 <= bytes.count {
      fold(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
      index += 8
    }
    while index < bytes.count {
      rest |= UInt64(bytes[index]) << (8 * UInt64(restCount))
      restCount += 1
      index += 1
    }
  }

  /// Of everything so far.
  var value: UInt64 {
    var end = self
    end.fold(rest)
    end.fold(count)
    return end.state
  }

  private mutating func fold(_ word: UInt64) {
    let product = (state ^ word ^ 0xD6E8_FEB8_6659_FD93)
      .multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    // The word once more, so that no state can swallow one.
    state = (product.high ^ product.low) &+ word
  }
}
