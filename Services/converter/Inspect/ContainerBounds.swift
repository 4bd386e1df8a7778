internal import Base

/// Whether a file is as long as its container says: ffprobe takes an MP4 whose index stands in front
/// for whole, however little of it has been copied. Formats that do not tell their length pass.
enum ContainerBounds {
  /// One sentence where a part is missing.
  static func objection(to drop: OpenDrop, _ format: ContainerFormat) -> String? {
    switch format {
    case .mp4: mp4(drop)
    case .matroska: matroska(drop)
    case .avi: avi(drop)
    default: nil
    }
  }

  /// A file of boxes, one after the other (ISO/IEC 14496-12 §4.2); without the one that describes the
  /// rest it cannot be played.
  private static func mp4(_ drop: OpenDrop) -> String? {
    var offset: Int64 = 0
    var hasIndex = false
    // Files in fragments have thousands of boxes; a length of less than its head ends the search.
    for _ in 0..<1_000_000 where offset < drop.identity.bytes {
      let head = drop.bytes(at: offset, 16)
      guard head.count >= 8 else { return missing("its last part is cut off") }
      let short = integer(head[0..<4])
      let size =
        short == 1 && head.count == 16
        ? integer(head[8..<16]) : (short == 0 ? drop.identity.bytes - offset : short)
      let kind = String(decoding: head[4..<8], as: UTF8.self)
      if kind == "moov" { hasIndex = true }
      guard size >= 8 else { return missing("what follows \(offset) bytes is not MP4") }
      if size > drop.identity.bytes - offset {
        return missing("it ends \(size - (drop.identity.bytes - offset)) bytes too early")
      }
      offset += size
    }
    return hasIndex ? nil : missing("its index (moov) is missing; whoever wrote it did not finish")
  }

  /// The segment's size, where the writer knew it (RFC 8794 §6.2: all ones is unknown).
  private static func matroska(_ drop: OpenDrop) -> String? {
    let head = drop.head(4096)
    guard let (headerSize, headerLength) = variable(head, at: 4), headerSize < 4000 else {
      return nil
    }
    let segment = 4 + headerLength + Int(headerSize)
    guard head.dropFirst(segment).starts(with: [0x18, 0x53, 0x80, 0x67]),
      let (size, length) = variable(head, at: segment + 4)
    else { return nil }
    let isUnknown = size == (Int64(1) << (7 * length)) - 1
    let end = Int64(segment + 4 + length) + size
    return isUnknown || end <= drop.identity.bytes
      ? nil : missing("it ends \(end - drop.identity.bytes) bytes too early")
  }

  private static func avi(_ drop: OpenDrop) -> String? {
    let size = drop.bytes(at: 4, 4)
    guard size.count == 4 else { return missing("its head is cut off") }
    let end = size.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) } + 8
    return end <= drop.identity.bytes
      ? nil : missing("it ends \(end - drop.identity.bytes) bytes too early")
  }

  private static func missing(_ what: String) -> String { "It is not whole: \(what)." }

  /// Big-endian; what does not fit is as good as endless.
  private static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
    let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int64(clamping: value)
  }

  private static func variable(_ bytes: [UInt8], at offset: Int) -> (value: Int64, length: Int)? {
    guard offset < bytes.count, bytes[offset] != 0 else { return nil }
    let length = bytes[offset].leadingZeroBitCount + 1
    guard offset + length <= bytes.count else { return nil }
    let first = Int64(bytes[offset]) & ((1 << (8 - length)) - 1)
    return (
      bytes[(offset + 1)..<(offset + length)].reduce(first) { $0 << 8 | Int64($1) }, length
    )
  }
}
