/// What a station says about the item it plays, from one ICY metadata block:
/// `StreamTitle='Artist - It's a title';StreamUrl='http://…';` padded with zero bytes.
///
/// Nobody escapes quotes in titles, so a value ends only at `';` followed by the next name or by
/// the end. Text that is not UTF-8 is read as Latin-1.
public struct ICYMetadata: Hashable, Sendable {
  public let title: String?
  public let url: String?

  public init(title: String?, url: String?) {
    self.title = title
    self.url = url
  }

  public init(block: some Sequence<UInt8>) {
    let text = ICYMetadata.decode(block.prefix { $0 != 0 })
    title = ICYMetadata.value(of: "StreamTitle", in: text)
    url = ICYMetadata.value(of: "StreamUrl", in: text)
  }

  static func decode(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
  }

  /// nil where the name is missing or its value is empty.
  private static func value(of name: String, in text: String) -> String? {
    // By bytes, because a combining mark after a quote would hide the quote from a Character.
    let bytes = Array(text.utf8)
    let opening = Array("\(name)='".utf8)
    guard let start = position(of: opening, in: bytes, from: 0) else { return nil }
    let from = start + opening.count
    var end = bytes.count
    var index = from
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "'"), endsValue(bytes, at: index) {
        end = index
        break
      }
      index += 1
    }
    let value = String(decoding: bytes[from..<end], as: UTF8.self)
    return value.allSatisfy(\.isWhitespace) ? nil : value
  }

  /// Whether the quote there is followed by the end, or by `;` and then the end or `Name='`.
  private static func endsValue(_ bytes: [UInt8], at quote: Int) -> Bool {
    var index = quote + 1
    guard index < bytes.count else { return true }
    guard bytes[index] == UInt8(ascii: ";") else { return false }
    index += 1
    if index == bytes.count { return true }
    let nameStart = index
    while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
    return index > nameStart && index + 1 < bytes.count && bytes[index] == UInt8(ascii: "=")
      && bytes[index + 1] == UInt8(ascii: "'")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func position(of needle: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
    var index = from
    while index + needle.count <= bytes.count {
      if bytes[index..<index + needle.count].elementsEqual(needle) { return index }
      index += 1
    }
    return nil
  }
}
