internal import Base

/// How a file is cut into the parts of one upload, and what S3 makes of their hashes. A value.
struct MultipartPlan: Hashable, Sendable {
  /// S3's limit.
  static let mostParts: Int64 = 10_000

  let size: Int64
  let partBytes: Int64

  /// Parts of `wanted` bytes; larger ones, in whole MiB, where there would be too many.
  init(size: Int64, wanted: Int64) {
    self.size = size
    let least = (size + Self.mostParts - 1) / Self.mostParts
    let mebibyte: Int64 = 1 << 20
    partBytes = least <= wanted ? wanted : (least + mebibyte - 1) / mebibyte * mebibyte
  }

  /// As an earlier try cut it.
  init(size: Int64, partBytes: Int64) {
    self.size = size
    self.partBytes = partBytes
  }

  var count: Int { Int((size + partBytes - 1) / partBytes) }

  /// The first is number 1.
  func range(of number: Int) -> (start: Int64, size: Int64) {
    let start = Int64(number - 1) * partBytes
    return (start, min(partBytes, size - start))
  }

  /// S3's checksum of an object in parts: the hash of their hashes, and how many they were.
  static func checksum(ofParts hashes: [[UInt8]]) -> String {
    Base64.text(SHA256.hash(hashes.joined())) + "-\(hashes.count)"
  }
}
