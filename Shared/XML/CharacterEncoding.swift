/// How a document's bytes stand for characters.
///
/// What counts, in this order (RFC 7303 §3): a byte order mark, the `charset` of the HTTP header, the
/// XML declaration, UTF-8. A name that is not known is passed over.
enum CharacterEncoding: Hashable, Sendable {
  case utf8
  /// Also for what is called Latin-1 or ASCII: the web's documents mean this one (WHATWG Encoding).
  case windows1252
  case utf16(isBigEndian: Bool)
  /// By that name of iconv(3).
  case other(String)

  /// `prefix` is how the document begins: its first 1024 bytes, or all of it. Also says how many
  /// bytes the mark takes.
  static func detect(
    _ prefix: [UInt8], charset: String?
  ) -> (encoding: CharacterEncoding, markBytes: Int, unknownName: String?) {
    if prefix.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3, nil) }
    if prefix.starts(with: [0xFF, 0xFE, 0, 0]) { return (.other("UTF-32LE"), 4, nil) }
    if prefix.starts(with: [0, 0, 0xFE, 0xFF]) { return (.other("UTF-32BE"), 4, nil) }
    if prefix.starts(with: [0xFF, 0xFE]) { return (.utf16(isBigEndian: false), 2, nil) }
    if prefix.starts(with: [0xFE, 0xFF]) { return (.utf16(isBigEndian: true), 2, nil) }
    // Without a mark, by what the first character of every document must look like.
    if prefix.starts(with: [0x3C, 0, 0, 0]) { return (.other("UTF-32LE"), 0, nil) }
    if prefix.starts(with: [0, 0, 0, 0x3C]) { return (.other("UTF-32BE"), 0, nil) }
    if prefix.starts(with: [0x3C, 0]) { return (.utf16(isBigEndian: false), 0, nil) }
    if prefix.starts(with: [0, 0x3C]) { return (.utf16(isBigEndian: true), 0, nil) }
    // EBCDIC's "<?xm": the declaration can be read only once that is known.
    let isEBCDIC = prefix.starts(with: [0x4C, 0x6F, 0xA7, 0x94])
    var unknown: String?
    for name in [charset, isEBCDIC ? "IBM037" : declared(in: prefix)] {
      guard let name, !name.isEmpty else { continue }
      // Bytes that were just read as ASCII are not what that name says.
      if let found = named(name), !found.isWide { return (found, 0, unknown) }
      if named(name) == nil { unknown = unknown ?? name }
    }
    return (.utf8, 0, unknown)
  }

  /// Of the `charset` parameter of a Content-Type value.
  static func charset(ofContentType value: String) -> String? {
    for parameter in value.split(separator: ";").dropFirst() {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0].trimmed.lowercased() == "charset" else { continue }
      return String(parts[1].trimmed.filter { $0 != "\"" && $0 != "'" })
    }
    return nil
  }

  private var isWide: Bool {
    switch self {
    case .utf16: true
    case .other(let name): name.hasPrefix("UTF-32") || name.hasPrefix("UCS-4")
    case .utf8, .windows1252: false
    }
  }

  /// nil where nobody knows it.
  static func named(_ name: String) -> CharacterEncoding? {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    switch plain {
    case "utf8", "unicode11utf8", "xunicode20utf8": return .utf8
    case "usascii", "ascii", "ansix341968", "iso88591", "latin1", "l1", "windows1252", "cp1252",
      "xcp1252", "cp819", "ibm819", "iso885911987":
      return .windows1252
    case "utf16", "utf16le", "unicode", "ucs2", "iso10646ucs2": return .utf16(isBigEndian: false)
    case "utf16be": return .utf16(isBigEndian: true)
    // As browsers read them: the wider sets that these names are used for.
    case "gb2312", "gbk", "xgbk", "csgb2312": return .other("GB18030")
    case "shiftjis", "sjis", "xsjis": return .other("CP932")
    case "euckr", "ksc56011987", "ksc5601": return .other("CP949")
    case "iso88599", "latin5": return .other("CP1254")
    default:
      let isName = name.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ",")
      }
      return isName && name.utf8.count < 40 && IconvDecoder.knows(name) ? .other(name) : nil
    }
  }

  /// The name in `<?xml … encoding="…"?>`.
  private static func declared(in prefix: [UInt8]) -> String? {
    var text = Substring(String(decoding: prefix, as: Unicode.ASCII.self))
    text = text.drop { $0.isWhitespace }
    guard text.hasPrefix("<?xml"), let end = text.range(of: "?>") else { return nil }
    guard let start = text[..<end.lowerBound].range(of: "encoding") else { return nil }
    let rest = text[start.upperBound..<end.lowerBound].drop { $0.isWhitespace || $0 == "=" }
    guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
    let name = rest.dropFirst().prefix { $0 != quote }
    return String(name.trimmed)
  }

  /// What windows-1252 has where Latin-1 has control characters; 0 where it has nothing.
  static let windows1252Controls: [UInt16] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
  ]

  static func windows1252Scalar(_ byte: UInt8) -> UInt32 {
    (0x80...0x9F).contains(byte) ? UInt32(windows1252Controls[Int(byte) - 0x80]) : UInt32(byte)
  }
}

extension Substring {
  var trimmed: Substring {
    let start = drop { $0.isWhitespace }
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return start[...end]
  }

  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      formIndex(after: &start)
    }
    return nil
  }
}
