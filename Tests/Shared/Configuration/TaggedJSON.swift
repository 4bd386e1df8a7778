import Configuration
import FoundationEssentials

/// toml-test's way to write down what a document means: every scalar as its type and its text.
indirect enum TaggedJSON: Decodable {
  case scalar(type: String, value: String)
  case table([String: TaggedJSON])
  case array([TaggedJSON])

  private struct Scalar: Decodable {
    let type: String
    let value: String
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let elements = try? container.decode([TaggedJSON].self) {
      self = .array(elements)
      return
    }
    // A table may itself have the keys `type` and `value`, but then they are not strings.
    let table = try? container.decode([String: TaggedJSON].self)
    if let table {
      self = .table(table)
    } else {
      let scalar = try container.decode(Scalar.self)
      self = .scalar(type: scalar.type, value: scalar.value)
    }
  }

  /// Where the tree differs, as a path with both sides; nil when it means the same.
  func difference(from node: TOMLNode, at path: String = "") -> String? {
    switch (self, node.value) {
    case (.table(let expected), .table(let entries)):
      let keys = Set(entries.map(\.key))
      if keys != Set(expected.keys) { return "\(path): keys \(keys) are not \(expected.keys)" }
      for entry in entries {
        if let found = expected[entry.key]?.difference(from: entry.node, at: "\(path).\(entry.key)")
        {
          return found
        }
      }
      return nil
    case (.array(let expected), .array(let elements)):
      if expected.count != elements.count { return "\(path): \(elements.count) elements" }
      for (index, pair) in zip(expected, elements).enumerated() {
        if let found = pair.0.difference(from: pair.1, at: "\(path)[\(index)]") { return found }
      }
      return nil
    case (.scalar(let type, let value), _):
      return Self.means(node.value, type, value)
        ? nil : "\(path): \(node.value) is not \(type) \(value)"
    default: return "\(path): \(node.spoken)"
    }
  }

  private static func means(_ value: TOMLNode.Value, _ type: String, _ text: String) -> Bool {
    switch value {
    case .string(let found): type == "string" && found == text
    case .integer(let found): type == "integer" && Int64(text) == found
    case .boolean(let found): type == "bool" && text == "\(found)"
    case .float(let found):
      type == "float"
        && (text.hasSuffix("nan") ? found.isNaN : Double(text) == found)
    case .offsetDateTime(let found): type == "datetime" && normalized(found) == normalized(text)
    case .localDateTime(let found):
      type == "datetime-local" && normalized(found) == normalized(text)
    case .localDate(let found): type == "date-local" && found == text
    case .localTime(let found): type == "time-local" && normalized(found) == normalized(text)
    case .table, .array: false
    }
  }

  /// Without the zeros at the end of a fraction, and with Z for no offset.
  private static func normalized(_ text: String) -> String {
    var body = text.uppercased().split(separator: " ").joined(separator: "T")
    var zone = ""
    if body.hasSuffix("Z") || body.hasSuffix("+00:00") || body.hasSuffix("-00:00") {
      body = String(body.dropLast(body.hasSuffix("Z") ? 1 : 6))
      zone = "Z"
    } else if body.count > 6, "+-".contains(body[body.index(body.endIndex, offsetBy: -6)]),
      body.contains("T")
    {
      zone = String(body.suffix(6))
      body = String(body.dropLast(6))
    }
    if let dot = body.firstIndex(of: ".") {
      // toml++ keeps nanoseconds; TOML asks for milliseconds at least and lets the rest be cut.
      var fraction = body[body.index(after: dot)...].prefix(9)
      while fraction.hasSuffix("0") { fraction.removeLast() }
      body = String(body[..<dot]) + (fraction.isEmpty ? "" : ".\(fraction)")
    }
    return body + zone
  }
}
