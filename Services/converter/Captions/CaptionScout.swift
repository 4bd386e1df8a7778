internal import Base
internal import CShims

/// Says whether a drop may carry closed captions at all, by looking for the marks that precede them in
/// the picture's user data: reading a file is tens of times quicker than decoding it, and most of the
/// world's broadcasts have none.
enum CaptionScout {
  /// ATSC A/53 (`GA94`, type 3), DVD (`CC`), SCTE 20.
  private static let marks: [[UInt8]] = [
    [0x47, 0x41, 0x39, 0x34, 0x03],
    [0x00, 0x00, 0x01, 0xB2, 0x43, 0x43, 0x01, 0xF8],
    [0x00, 0x00, 0x01, 0xB2, 0x03, 0x01], [0x00, 0x00, 0x01, 0xB2, 0x03, 0x81],
  ]
  private static let longest = 8

  /// Blocks for the disk; gives up when the task is cancelled.
  static func mayHaveCaptions(_ drop: OpenDrop) -> Bool {
    let portion = 4 << 20
    var offset: Int64 = 0
    while offset < drop.identity.bytes, !Task.isCancelled {
      let bytes = drop.bytes(at: offset, portion)
      if contains(bytes) { return true }
      if bytes.count < portion { return false }
      offset += Int64(portion - longest)
    }
    return false
  }

  static func contains(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      marks.contains { mark in
        mark.withUnsafeBytes {
          airloom_contains(buffer.baseAddress, buffer.count, $0.baseAddress, $0.count)
        }
      }
    }
  }
}
