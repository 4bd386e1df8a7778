import Base

/// Where the next part of a long list begins: after the entry with this key and this id. What is
/// added or changed in between neither repeats an entry that stays where it was nor skips one.
struct Cursor: Hashable, Sendable {
  /// What the list is ordered by, as text.
  let key: String
  let id: String

  init(key: String, id: String) {
    self.key = key
    self.id = id
  }

  init(at instant: Instant, id: some Identifier) {
    self.init(key: String(instant.microseconds), id: id.text)
  }

  /// The key of lists that are ordered by time; nil where it is not one.
  var number: Int64? { Int64(key) }

  /// For whoever asks; says nothing to them.
  var text: String { hexadecimal("\(id)\n\(key)".utf8) }

  init?(_ text: String) {
    var bytes: [UInt8] = []
    var digits = text.utf8.makeIterator()
    while let high = digits.next() {
      guard let low = digits.next(), let high = Cursor.value(high), let low = Cursor.value(low)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    guard let plain = String(validating: bytes, as: UTF8.self),
      let line = plain.firstIndex(of: "\n")
    else { return nil }
    self.init(key: String(plain[plain.index(after: line)...]), id: String(plain[..<line]))
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    Character(Unicode.Scalar(digit)).hexDigitValue.map(UInt8.init)
  }
}
