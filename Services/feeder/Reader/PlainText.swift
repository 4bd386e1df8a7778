internal import FoundationEssentials

/// The words of a text that may be written in HTML: what titles are kept as, so that no markup of a
/// publisher's ever reaches a page, a file's name or a log.
enum PlainText {
  static func words(of text: String) -> String {
    guard text.contains("<") || text.contains("&") else { return collapsed(text) }
    var words = ""
    var rest = text[...]
    while let character = rest.first {
      if character == "<", let tag = tag(rest) {
        rest = rest.dropFirst(tag.count)
        let name = tag.dropFirst().prefix { $0.isLetter }.lowercased()
        // What stands in these is not for reading.
        if name == "script" || name == "style" {
          while !rest.isEmpty, !rest.lowercased().hasPrefix("</\(name)") {
            guard let next = rest.dropFirst().firstIndex(of: "<") else {
              rest = ""
              break
            }
            rest = rest[next...]
          }
        }
      } else if character == "&", let (decoded, length) = reference(rest) {
        words.append(decoded)
        rest = rest.dropFirst(length)
      } else {
        words.append(character)
        rest = rest.dropFirst()
      }
    }
    return collapsed(words)
  }

  /// The name of `Name <mail@example.com>`, `mail@example.com (Name)` and the like.
  static func author(_ text: String) -> String {
    guard let at = text.firstIndex(of: "@") else { return text }
    let isBracket: (Character) -> Bool = { "()<>".contains($0) }
    let parts = text.split(whereSeparator: isBracket).map { String($0[...].trimmed) }
    let names = parts.filter { !$0.contains("@") && !$0.isEmpty }
    return parts.count > 1 && at > text.startIndex ? names.first ?? text : text
  }

  /// What Atom 0.3 calls `mode="base64"`; nil where it is none.
  static func base64(_ text: String) -> String? {
    Data(base64Encoded: String(text.filter { !$0.isWhitespace }))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func tag(_ text: Substring) -> Substring? {
    guard let second = text.dropFirst().first,
      second.isLetter || second == "/" || second == "!" || second == "?"
    else { return nil }
    if text.hasPrefix("<!--") {
      var index = text.index(text.startIndex, offsetBy: 4)
      while index < text.endIndex {
        if text[index...].hasPrefix("-->") { return text[..<text.index(index, offsetBy: 3)] }
        text.formIndex(after: &index)
      }
      return text
    }
    guard let end = text.firstIndex(of: ">") else { return nil }
    return text[...end]
  }

  private static func reference(_ text: Substring) -> (Character, Int)? {
    let names: [Substring: Character] = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}",
    ]
    guard let end = text.prefix(12).firstIndex(of: ";") else { return nil }
    let name = text[text.index(after: text.startIndex)..<end]
    let length = text.distance(from: text.startIndex, to: end) + 1
    if let known = names[name] { return (known, length) }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let value =
      digits.lowercased().hasPrefix("x")
      ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    guard let scalar = value.flatMap(Unicode.Scalar.init), scalar.value >= 0x20 else { return nil }
    return (Character(scalar), length)
  }

  static func collapsed(_ text: String) -> String {
    text.split { $0 == " " || $0.isNewline || $0 == "\t" }.joined(separator: " ")
  }
}
