/// Addresses within playlists, made absolute (RFC 3986 §5.2).
public enum URIReference {
  /// The absolute form of a reference that stands in the resource at `base` (absolute, `http` or
  /// `https`). Nothing is decoded or encoded but blanks, which servers forget to. A fragment is kept
  /// only where there is nothing else: elsewhere it says nothing to a server.
  public static func resolve(_ reference: String, in base: String) -> String {
    if reference.hasPrefix("#") { return withoutFragment(base[...]) + reference }
    let reference = escaped(withoutFragment(reference[...]))
    let base = withoutFragment(base[...])
    if hasScheme(reference) { return reference }
    guard let scheme = base.range(of: "://") else { return reference }
    if reference.hasPrefix("//") { return base[..<scheme.lowerBound] + ":" + reference }
    let afterScheme = base[scheme.upperBound...]
    let path = afterScheme.firstIndex { $0 == "/" || $0 == "?" } ?? base.endIndex
    let origin = base[..<path]
    let basePath = base[path...].prefix { $0 != "?" }
    if reference.isEmpty { return String(base) }
    if reference.hasPrefix("?") { return origin + (basePath.isEmpty ? "/" : basePath) + reference }
    let mark = reference.firstIndex(of: "?") ?? reference.endIndex
    let referencePath = reference[..<mark]
    let merged: String
    if referencePath.hasPrefix("/") {
      merged = String(referencePath)
    } else {
      let folder = basePath.lastIndex(of: "/").map { String(basePath[...$0]) } ?? "/"
      merged = folder + referencePath
    }
    return origin + withoutDots(merged) + reference[mark...]
  }

  /// What tells one segment from another: without query and fragment, where servers put tokens that
  /// change with each reload, and without the host, of which a station may have several.
  public static func identity(_ address: String) -> String {
    let rest = address.range(of: "://").map { address[$0.upperBound...] } ?? address[...]
    let path = rest.firstIndex(of: "/").map { rest[$0...] } ?? ""
    return String(path.prefix { $0 != "?" && $0 != "#" })
  }

  /// Host and port, in lower case; empty where there is none.
  public static func host(_ address: String) -> String {
    guard let scheme = address.range(of: "://") else { return "" }
    let authority = address[scheme.upperBound...].prefix { !"/?#".contains($0) }
    return authority.split(separator: "@", omittingEmptySubsequences: false).last.map {
      $0.lowercased()
    } ?? ""
  }

  private static func hasScheme(_ reference: String) -> Bool {
    guard let colon = reference.firstIndex(of: ":") else { return false }
    let scheme = reference[..<colon]
    return scheme.first?.isLetter ?? false
      && scheme.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
  }

  private static func withoutFragment(_ text: Substring) -> String {
    String(text.prefix { $0 != "#" })
  }

  private static func escaped(_ text: String) -> String {
    text.contains(" ")
      ? text.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "%20") : text
  }

  private static func withoutDots(_ path: String) -> String {
    var kept: [Substring] = []
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      switch part {
      case ".": if isLast { kept.append("") }
      case "..":
        if !kept.isEmpty { kept.removeLast() }
        if isLast { kept.append("") }
      default: kept.append(part)
      }
    }
    return "/" + kept.joined(separator: "/")
  }
}

extension StringProtocol {
  fileprivate func range(of text: String) -> Range<String.Index>? where SubSequence == Substring {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) {
        return index..<self.index(index, offsetBy: text.count)
      }
      index = self.index(after: index)
    }
    return nil
  }
}
