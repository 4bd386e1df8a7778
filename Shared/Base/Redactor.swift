/// Takes secrets out of text before it is logged, shown or stored as a reason.
///
/// Passwords travel in URLs (`http://user:word@host/`) and in query strings (`?token=…`), and
/// errors of libraries quote URLs; so everything that is logged passes here.
public enum Redactor {
  /// The text with every URL's user part and query values replaced by `…`.
  public static func redact(_ text: String) -> String {
    guard text.contains("://") else { return text }
    var result = ""
    var rest = text[...]
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let end = rest.firstIndex(where: isEndOfURL) ?? rest.endIndex
      result += redactedBody(rest[..<end])
      rest = rest[end...]
    }
    return result + rest
  }

  private static func isEndOfURL(_ character: Character) -> Bool {
    character.isWhitespace || "\"'<>|,".contains(character)
  }

  private static func redactedBody(_ body: Substring) -> String {
    let authorityEnd = body.firstIndex { "/?#".contains($0) } ?? body.endIndex
    var authority = body[..<authorityEnd]
    var result = ""
    if let at = authority.lastIndex(of: "@") {
      result = "…@"
      authority = authority[authority.index(after: at)...]
    }
    result += authority
    let tail = body[authorityEnd...]
    guard let question = tail.firstIndex(of: "?") else { return result + tail }
    result += tail[..<question] + "?"
    return result
      + tail[tail.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
      .map { pair in pair.firstIndex(of: "=").map { pair[...$0] + "…" } ?? pair[...] }
      .joined(separator: "&")
  }
}
