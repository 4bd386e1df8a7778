internal import Base

/// What a setting's value looks like: reads it, refuses it with a sentence, and writes it as TOML.
public enum SettingForm: Sendable, Hashable {
  case flag
  case text
  case choice([String])
  case choices([String])
  /// A list of any texts; in an environment variable with commas between them.
  case texts
  case integer(ClosedRange<Int>)
  /// In TOML a number, whole or not, with the unit in the key's name.
  case seconds(ClosedRange<Double>)

  /// A value of the form.
  public enum Value: Sendable, Hashable {
    case flag(Bool)
    case text(String)
    case texts([String])
    case integer(Int)
    case duration(Duration)
  }

  /// "must be …"
  public var expectation: String {
    switch self {
    case .flag: "true or false"
    case .text: "a text in quotes"
    case .choice(let names): "one of \(Self.listed(names))"
    case .choices(let names): "a list of any of \(Self.listed(names))"
    case .texts: "a list of texts in quotes"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .seconds(let range):
      "a number of seconds from \(Self.written(range.lowerBound)) "
        + "to \(Self.written(range.upperBound))"
    }
  }

  /// nil where the value is not of the form or out of its range.
  public func value(of node: TOMLNode) -> Value? {
    switch (self, node.value) {
    case (.flag, .boolean(let flag)): return .flag(flag)
    case (.text, .string(let text)): return .text(text)
    case (.choice(let names), .string(let text)): return names.contains(text) ? .text(text) : nil
    case (.choices(let names), .array(let elements)):
      let texts = elements.compactMap { element -> String? in
        guard case .string(let text) = element.value, names.contains(text) else { return nil }
        return text
      }
      return texts.count == elements.count ? .texts(texts) : nil
    case (.texts, .array(let elements)):
      let texts = elements.compactMap { element -> String? in
        if case .string(let text) = element.value { text } else { nil }
      }
      return texts.count == elements.count ? .texts(texts) : nil
    case (.integer(let range), .integer(let number)):
      return Int(exactly: number).flatMap { range.contains($0) ? .integer($0) : nil }
    case (.seconds(let range), .integer(let number)): return duration(Double(number), range)
    case (.seconds(let range), .float(let number)): return duration(number, range)
    default: return nil
    }
  }

  /// As an environment variable gives it: lists with commas, no quotes.
  public func value(ofText text: String) -> Value? {
    let place = TextPosition(line: 1, column: 1)
    switch self {
    case .flag: return Bool(text).map(Value.flag)
    case .text, .choice: return value(of: TOMLNode(.string(text), at: place))
    case .choices:
      let parts = text.split(separator: ",").map { part in
        TOMLNode(.string(part.filter { !$0.isWhitespace }), at: place)
      }
      return value(of: TOMLNode(.array(parts), at: place))
    case .texts:
      return .texts(
        text.split(separator: ",").map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty })
    case .integer:
      return Int64(text).flatMap { value(of: TOMLNode(.integer($0), at: place)) }
    case .seconds:
      return Double(text).flatMap { value(of: TOMLNode(.float($0), at: place)) }
    }
  }

  /// The value as TOML text.
  public static func written(_ value: Value) -> String {
    switch value {
    case .flag(let flag): "\(flag)"
    case .text(let text): quoted(text)
    case .texts(let texts): "[" + texts.map(quoted).joined(separator: ", ") + "]"
    case .integer(let number): "\(number)"
    case .duration(let duration): written(duration.inSeconds)
    }
  }

  private func duration(_ seconds: Double, _ range: ClosedRange<Double>) -> Value? {
    range.contains(seconds) ? .duration(.microseconds(Int64((seconds * 1e6).rounded()))) : nil
  }

  private static func written(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
  }

  private static func listed(_ names: [String]) -> String {
    names.map(quoted).joined(separator: ", ")
  }

  /// A TOML basic string.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Substring {
  fileprivate func trimmingBlanks() -> Substring {
    let start = drop { $0.isWhitespace }
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return start[...end]
  }
}
