/// Header fields in the order in which they stand in the message; names compare without case.
public struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
  public private(set) var fields: [(name: String, value: String)] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { append(name, value) }
  }

  public mutating func append(_ name: String, _ value: String) {
    fields.append((name, value))
  }

  /// The first value of that name. Setting replaces all values of that name.
  public subscript(name: String) -> String? {
    get { fields.first { HTTPHeaders.areSame($0.name, name) }?.value }
    set {
      fields.removeAll { HTTPHeaders.areSame($0.name, name) }
      if let newValue { append(name, newValue) }
    }
  }

  /// A line that goes on with the value before it (obsolete folding, RFC 9112 §5.2).
  mutating func extendLast(with text: String) {
    guard !fields.isEmpty else { return }
    fields[fields.count - 1].value += " " + text
  }

  private static func areSame(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
      && zip(left.utf8, right.utf8).allSatisfy { lowerCased($0) == lowerCased($1) }
  }

  private static func lowerCased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
