/// The Prometheus text exposition format, version 0.0.4: what may stand in a name, and what must be
/// escaped where.
enum MetricText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
  static func isName(_ text: String) -> Bool {
    isLabelName(text.replacing(":", with: "_"))
  }

  /// `[a-zA-Z_][a-zA-Z0-9_]*`
  static func isLabelName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !isDigit(first) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        true
      default: isDigit(byte)
      }
    }
  }

  /// `{a="1",b="2"}`; empty without labels.
  static func labels(_ names: [String], _ values: [String], and extra: String? = nil) -> String {
    var pairs = zip(names, values).map { "\($0)=\"\(escapedLabel($1))\"" }
    if let extra { pairs.append(extra) }
    return pairs.isEmpty ? "" : "{" + pairs.joined(separator: ",") + "}"
  }

  static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    // Whole numbers without an exponent up to where a Double counts exactly.
    if value == value.rounded(), abs(value) < 9e15 { return String(Int64(value)) }
    return String(value)
  }

  private static func escapedLabel(_ text: String) -> String {
    escapedHelp(text).replacing("\"", with: "\\\"")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
