/// A path and a query as they are sent and signed: encoded once, here, and nowhere else.
struct S3Target: Hashable, Sendable {
  /// Begins with a slash.
  let path: String
  /// Sorted; each parameter has its `=`, with or without a value.
  let query: String

  /// `parts` are the path's components in clear; a slash inside one is encoded too.
  init(parts: [String], query: [String: String] = [:]) {
    path = "/" + parts.map(S3Target.encoded).joined(separator: "/")
    self.query =
      query.map { (S3Target.encoded($0.key), S3Target.encoded($0.value)) }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  var text: String { query.isEmpty ? path : "\(path)?\(query)" }

  /// All but RFC 3986's unreserved characters as `%XX`, byte by byte.
  static func encoded(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if isUnreserved(byte) {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += byte < 0x10 ? "%0" : "%"
        result += String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
