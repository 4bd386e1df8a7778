/// A refusal that a handler throws; answered as `{"error":{"code":…,"message":…}}`.
public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
  public let status: Int
  /// For programs: `not_found`, `invalid`, …
  public let code: String
  /// For people: one sentence.
  public let message: String
  /// The field of the request's body that is meant, where it is one.
  public let field: String?
  /// For `Retry-After`.
  public let retryAfterSeconds: Int?

  public init(
    _ status: Int, _ code: String, _ message: String, field: String? = nil,
    retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfterSeconds = retryAfterSeconds
  }

  public var description: String { message }

  public static let notFound = Problem(404, "not_found", "There is nothing at this address.")

  public var response: Response {
    var json = "{\"error\":{\"code\":\(JSONText.quoted(code))"
    json += ",\"message\":\(JSONText.quoted(message))"
    if let field { json += ",\"field\":\(JSONText.quoted(field))" }
    let response = Response.json(Array((json + "}}").utf8), status: status)
    return retryAfterSeconds.map { response.with("Retry-After", String($0)) } ?? response
  }
}

/// JSON strings, for the few places that write JSON by hand.
public enum JSONText {
  /// The text in quotes, with what RFC 8259 §7 wants escaped escaped.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
