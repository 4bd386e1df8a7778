/// A place in a text file; both count from 1, columns in code points.
public struct TextPosition: Hashable, Comparable, Sendable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (left: TextPosition, right: TextPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of a TOML 1.0 document and where it stands.
public struct TOMLNode: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case table([TOMLEntry])
    case array([TOMLNode])
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// Dates and times as RFC 3339 writes them.
    case offsetDateTime(String)
    case localDateTime(String)
    case localDate(String)
    case localTime(String)
  }

  public var value: Value
  public var position: TextPosition

  public init(_ value: Value, at position: TextPosition) {
    self.value = value
    self.position = position
  }

  /// What a person would call the value, for a sentence that says what is there instead of what
  /// was expected.
  public var spoken: String {
    switch value {
    case .table: "a table"
    case .array: "a list"
    case .string(let text): "the text \"\(text.prefix(60))\""
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .offsetDateTime(let text), .localDateTime(let text), .localDate(let text),
      .localTime(let text):
      "the time \(text)"
    }
  }
}

/// A key of a table with its value. A table's entries come sorted by key, not as they stand.
public struct TOMLEntry: Hashable, Sendable {
  public var key: String
  public var position: TextPosition
  public var node: TOMLNode
}
