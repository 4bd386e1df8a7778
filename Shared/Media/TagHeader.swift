/// Recognises the tags that files and segmented streams put between frames: ID3v2 in front
/// (id3.org, "ID3 tag version 2.4.0 – Main Structure" §3.1) and ID3v1 behind.
enum TagHeader {
  enum Reading {
    /// Bytes of the whole tag, header included.
    case tag(length: Int)
    case absent
    /// The bytes end before the answer.
    case unknown
  }

  static func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Reading {
    if hasPrefix("ID3", bytes, index) {
      return bytes.count - index < 10 ? .unknown : .tag(length: lengthOfID3v2(bytes, index))
    }
    if hasPrefix("TAG", bytes, index) {
      return bytes.count - index < 3 ? .unknown : .tag(length: 128)
    }
    return .absent
  }

  /// As far as the bytes go, at least one.
  private static func hasPrefix(
    _ name: StaticString, _ bytes: UnsafeRawBufferPointer, _ index: Int
  ) -> Bool {
    guard index < bytes.count else { return true }
    return name.withUTF8Buffer { name in
      zip(name, bytes[index...]).allSatisfy { $0 == $1 }
    }
  }

  /// The size is four times seven bits; a footer of ten bytes is told by a flag.
  private static func lengthOfID3v2(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int {
    let size = bytes[index + 6..<index + 10].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
    return 10 + size + (bytes[index + 5] & 0x10 != 0 ? 10 : 0)
  }
}
