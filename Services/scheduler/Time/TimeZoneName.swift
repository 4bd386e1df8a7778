/// The name of a time zone as IANA writes it, such as `Europe/Berlin`.
///
/// A name becomes part of a file's path, so the form is narrow: one to four parts between slashes,
/// each of ASCII letters, digits, `_`, `+` and `-`, starting with a letter. There is no dot in any
/// of the database's names, so `..` and the tables beside the zones (`zone.tab`) are out as well.
struct TimeZoneName: Hashable, Sendable, CustomStringConvertible {
  let text: String

  /// nil where the text is not of that form; whether such a zone exists is for the library to say.
  init?(_ text: String) {
    guard text.utf8.count <= 64 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count <= 4, parts.allSatisfy(TimeZoneName.isPart) else { return nil }
    self.text = text
  }

  static let utc = TimeZoneName(checked: "UTC")

  private init(checked text: String) { self.text = text }

  var description: String { text }

  private static func isPart(_ part: Substring.UTF8View) -> Bool {
    guard let first = part.first, isLetter(first) else { return false }
    return part.allSatisfy { byte in
      isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
