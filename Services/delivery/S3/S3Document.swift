internal import Base

/// What is taken from the small XML documents that S3 answers with: the texts of named elements.
///
/// S3's documents have no attributes that matter, no mixed content and no names twice at one level
/// but in lists, so that an element is found by its name. Anything else reads as absent.
struct S3Document {
  private let text: Substring

  init(_ bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self)[...] }

  private init(_ text: Substring) { self.text = text }

  /// The name of the outermost element.
  var root: String? {
    var rest = text
    while let open = rest.firstIndex(of: "<") {
      rest = rest[rest.index(after: open)...]
      guard let first = rest.first else { return nil }
      if first != "?" && first != "!" { return String(rest.prefix { !" />\n\r\t".contains($0) }) }
    }
    return nil
  }

  /// The first element of that name, at any depth.
  func value(_ name: String) -> String? {
    element(name, in: text).map { S3Document.unescaped($0.content) }
  }

  /// All elements of that name.
  func elements(_ name: String) -> [S3Document] {
    var found: [S3Document] = []
    var rest = text
    while let element = element(name, in: rest) {
      found.append(S3Document(element.content))
      rest = element.rest
    }
    return found
  }

  private func element(
    _ name: String, in text: Substring
  ) -> (content: Substring, rest: Substring)? {
    guard let open = text.firstRange(of: "<\(name)>"),
      let close = text[open.upperBound...].firstRange(of: "</\(name)>")
    else { return nil }
    return (text[open.upperBound..<close.lowerBound], text[close.upperBound...])
  }

  private static let entities = [
    "lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'", "#34": "\"", "#39": "'",
  ]

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var rest = text
    while let mark = rest.firstIndex(of: "&") {
      result += rest[..<mark]
      rest = rest[rest.index(after: mark)...]
      let name = rest.prefix { $0 != ";" }
      if let character = entities[String(name)], name.endIndex < rest.endIndex {
        result += character
        rest = rest[rest.index(after: name.endIndex)...]
      } else {
        result += "&"
      }
    }
    return result + rest
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}
