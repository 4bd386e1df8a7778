/// A box of an ISO base media file: where it stands and where its content does.
struct ISOBox: Hashable {
  let type: String
  let range: Range<Int>
  let content: Range<Int>

  /// The boxes that lie side by side in a range, as far as they are whole.
  static func list(in bytes: [UInt8], _ range: Range<Int>) -> [ISOBox] {
    var boxes: [ISOBox] = []
    var start = range.lowerBound
    while start + 8 <= range.upperBound, boxes.count < 10_000 {
      var reader = ISOReader(bytes, start..<range.upperBound)
      guard let short = reader.uint32(), let type = reader.type() else { break }
      var header = 8
      var size = Int64(short)
      if short == 1 {
        guard let long = reader.int64() else { break }
        size = long
        header = 16
      } else if short == 0 {
        size = Int64(range.upperBound - start)
      }
      guard size >= header, size <= Int64(range.upperBound - start) else { break }
      let end = start + Int(size)
      boxes.append(ISOBox(type: type, range: start..<end, content: start + header..<end))
      start = end
    }
    return boxes
  }
}

/// Reads big-endian numbers one after another; nil behind the end.
struct ISOReader {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = min(range.upperBound, bytes.count)
  }

  var isAtEnd: Bool { position >= end }
  var rest: Range<Int> { min(position, end)..<max(end, min(position, end)) }

  mutating func skip(_ count: Int) { position = min(position + count, max(end, position)) }

  mutating func uint8() -> UInt8? { number(1).map { UInt8($0) } }
  mutating func uint16() -> UInt16? { number(2).map { UInt16($0) } }
  mutating func uint32() -> UInt32? { number(4).map { UInt32($0) } }
  mutating func uint64() -> UInt64? { number(8) }

  /// nil also for what no file can mean.
  mutating func int64() -> Int64? {
    guard let value = number(8), value < 1 << 56 else { return nil }
    return Int64(value)
  }

  mutating func type() -> String? {
    guard position + 4 <= end else { return nil }
    defer { position += 4 }
    return String(decoding: bytes[position..<position + 4], as: UTF8.self)
  }

  private mutating func number(_ count: Int) -> UInt64? {
    guard position >= 0, position + count <= end else { return nil }
    defer { position += count }
    return bytes[position..<position + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }
}
