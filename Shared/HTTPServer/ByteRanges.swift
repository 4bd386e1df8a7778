/// What a `Range` header asks of a body of known size (RFC 9110 §14).
enum ByteRanges: Equatable {
  /// No range, or one that may be ignored: send everything.
  case whole
  case parts([Range<Int64>])
  /// 416.
  case unsatisfiable

  /// More than this in one request is not reading, it is an attack (CVE-2011-3192).
  private static let partLimit = 16

  init(header: String?, size: Int64) {
    self = header.flatMap { ByteRanges.parse($0, size: size) } ?? .whole
  }

  /// nil where the header is not understood, which means: ignore it.
  private static func parse(_ header: String, size: Int64) -> ByteRanges? {
    guard header.hasPrefix("bytes=") else { return nil }
    let specs = header.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false)
    guard specs.count <= partLimit else { return nil }
    var parts: [Range<Int64>] = []
    for spec in specs {
      let spec = spec.filter { $0 != " " && $0 != "\t" }
      guard let dash = spec.firstIndex(of: "-") else { return nil }
      let first = spec[..<dash]
      let last = spec[spec.index(after: dash)...]
      guard (first + last).allSatisfy({ $0 >= "0" && $0 <= "9" }), first.count + last.count > 0
      else { return nil }
      guard let range = range(first: String(first), last: String(last), size: size) else {
        return nil
      }
      if !range.isEmpty { parts.append(range) }
    }
    return parts.isEmpty ? .unsatisfiable : .parts(parts)
  }

  /// Empty where the range lies outside; nil where it is nonsense.
  private static func range(first: String, last: String, size: Int64) -> Range<Int64>? {
    // Digits that overflow name a place beyond any file.
    if first.isEmpty {
      let length = min(Int64(last) ?? .max, size)
      return size - length..<size
    }
    let start = min(Int64(first) ?? .max, size)
    if last.isEmpty { return start..<size }
    let end = Int64(last) ?? .max
    if end < (Int64(first) ?? .max) { return nil }
    return start..<max(start, min(end, size - 1) + 1)
  }
}
