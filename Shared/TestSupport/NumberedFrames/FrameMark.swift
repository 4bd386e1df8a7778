internal import Base

/// What a numbered frame carries: `ALNF`, the stream's tag, the number and a check, all as
/// printable text (so that it never looks like a sync word, and `strings` shows it), then filling
/// that depends on the number.
struct FrameMark: Hashable {
  static let magic = Array("ALNF".utf8)
  /// Bytes of the mark without filling.
  static let length = 4 + 8 + 16 + 8

  let tag: UInt32
  let number: UInt64

  init(tag: UInt32, number: UInt64) {
    self.tag = tag
    self.number = number
  }

  /// nil where there is no mark or its check is wrong; `bytes` begins with the magic.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= FrameMark.length, bytes.starts(with: FrameMark.magic) else { return nil }
    let start = bytes.startIndex
    func value(_ from: Int, _ count: Int) -> UInt64? {
      let digits = bytes[start + from..<start + from + count]
      return UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }
    guard let tag = value(4, 8), let number = value(12, 16), let check = value(28, 8),
      UInt64(FrameMark.check(UInt32(tag), number)) == check
    else { return nil }
    self.init(tag: UInt32(tag), number: number)
  }

  func bytes(count: Int) -> [UInt8] {
    precondition(count >= FrameMark.length, "a frame of this bitrate has no room for the mark")
    var bytes = FrameMark.magic
    bytes += FrameMark.digits(UInt64(tag), 8)
    bytes += FrameMark.digits(number, 16)
    bytes += FrameMark.digits(UInt64(FrameMark.check(tag, number)), 8)
    let filling = UInt8(ascii: "a") + UInt8(number % 26)
    bytes += [UInt8](repeating: filling, count: count - bytes.count)
    return bytes
  }

  private static func check(_ tag: UInt32, _ number: UInt64) -> UInt32 {
    var generator = SplitMix64(seed: number &* 31 &+ UInt64(tag))
    return UInt32(truncatingIfNeeded: generator.next() >> 16)
  }

  private static func digits(_ value: UInt64, _ width: Int) -> [UInt8] {
    let text = String(value, radix: 16)
    return [UInt8](repeating: UInt8(ascii: "0"), count: width - text.utf8.count) + Array(text.utf8)
  }
}
