/// The short lists of addresses (PLS, plain M3U, ASX, XSPF) that stations hand out under "listen live".
public enum StreamPlaylist {
  /// Longer ones are not read.
  public static let largest = 64 << 10
  /// More addresses than that are no fallbacks.
  public static let most = 10

  /// The first address; nil where there is none.
  public static func firstURL(in bytes: [UInt8]) -> String? { addresses(in: bytes).first }

  /// All `http` and `https` addresses in order, each once. Relative ones count where it is known from
  /// which `address` the list came.
  public static func addresses(in bytes: [UInt8], from address: String? = nil) -> [String] {
    let text = String(decoding: bytes.prefix(largest), as: UTF8.self)
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.prefix(400).lowercased()
    let entries =
      start.hasPrefix("<asx")
      ? attributes(in: text)
      : start.hasPrefix("<") && start.contains("<playlist") ? locations(in: text) : lines(in: text)
    var found: [String] = []
    for entry in entries {
      guard let url = absolute(entry, address), !found.contains(url), found.count < most else {
        continue
      }
      found.append(url)
    }
    return found
  }

  /// PLS (`File1=`) and M3U. A line that is no address and not of the list's own may be a relative one.
  private static func lines(in text: String) -> [String] {
    let isNumbered = text.lowercased().contains("[playlist]")
    return text.split(whereSeparator: \.isNewline).compactMap { line in
      var entry = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
      let isFile = entry.lowercased().hasPrefix("file")
      if isFile, let equals = entry.firstIndex(of: "=") {
        entry = entry[entry.index(after: equals)...].drop(while: \.isWhitespace)
      } else if isNumbered || entry.hasPrefix("#") || entry.hasPrefix("[") {
        return nil
      }
      let word = String(entry.prefix { !$0.isWhitespace })
      return word.isEmpty ? nil : word
    }
  }

  /// `<ref href="…"/>` and `<entryref href="…"/>` of ASX, whose tags are written in any case and are
  /// often no XML.
  private static func attributes(in text: String) -> [String] {
    tags(in: text).compactMap { tag in
      let lowered = tag.lowercased()
      guard
        lowered.hasPrefix("ref ") || lowered.hasPrefix("entryref ") || lowered.hasPrefix("ref\n"),
        let name = lowered.firstRange(of: "href")
      else { return nil }
      let skip = lowered.distance(from: lowered.startIndex, to: name.upperBound)
      let rest = tag.dropFirst(skip).drop { $0.isWhitespace || $0 == "=" }
      guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
      return unescaped(String(rest.dropFirst().prefix { $0 != quote }))
    }
  }

  /// `<location>…</location>` of XSPF.
  private static func locations(in text: String) -> [String] {
    text.split(separator: "<").compactMap { part in
      guard part.lowercased().hasPrefix("location>") else { return nil }
      let entry = part.dropFirst("location>".count).drop(while: \.isWhitespace)
      return unescaped(String(entry.prefix { !$0.isWhitespace }))
    }
  }

  private static func tags(in text: String) -> [Substring] {
    text.split(separator: "<").map { $0.prefix { $0 != ">" } }
  }

  private static func unescaped(_ text: String) -> String {
    var text = text
    for (entity, character) in [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&amp;", "&")] {
      text = text.split(separator: entity, omittingEmptySubsequences: false)
        .joined(separator: character)
    }
    return text
  }

  private static func absolute(_ entry: String, _ base: String?) -> String? {
    let lowered = entry.lowercased()
    if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") { return entry }
    // Windows' own names for what is HTTP today.
    for scheme in ["mms://", "icyx://", "icy://"] where lowered.hasPrefix(scheme) {
      return "http://" + entry.dropFirst(scheme.count)
    }
    guard let base, !lowered.contains("://"), !lowered.hasPrefix("mailto:"),
      entry.contains(where: { $0 == "/" || $0 == "." })
    else { return nil }
    return URIReference.resolve(entry, in: base)
  }
}
