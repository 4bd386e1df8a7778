/// Takes secrets out of text before it is logged, shown or stored as a reason.
///
/// Passwords travel in URLs (`http://user:word@host/`) and in query strings (`?token=…`), and
/// errors of libraries quote URLs; so everything that is logged passes here. People type passwords
/// into URLs as they are, with commas, quotes and slashes, so where it is not certain what belongs
/// to a secret, too much is taken out rather than too little.
public enum Redactor {
  /// The text with every URL's user part and query values replaced by `…`.
  public static func redact(_ text: String) -> String {
    guard text.contains("://") else { return text }
    var result = ""
    var rest = text[...]
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let end = endOfURL(rest)
      result += redactedBody(rest[..<end])
      rest = rest[end...]
    }
    return result + rest
  }

  /// White space, a double quote and angle brackets end a URL for certain; punctuation before them
  /// belongs to the sentence around it.
  private static func endOfURL(_ text: Substring) -> Substring.Index {
    let run = text.prefix { !$0.isWhitespace && !"\"<>".contains($0) }
    var end = run.endIndex
    while end > run.startIndex, "',;:.)]}|".contains(run[run.index(before: end)]) {
      end = run.index(before: end)
    }
    return end
  }

  private static func redactedBody(_ body: Substring) -> String {
    let authorityEnd = body.firstIndex { "/?#".contains($0) } ?? body.endIndex
    var authority = body[..<authorityEnd]
    var result = ""
    var tail = body[authorityEnd...]
    if let at = authority.lastIndex(of: "@") {
      result = "…@"
      authority = authority[authority.index(after: at)...]
    } else if !endsWithPort(authority), let at = body.lastIndex(of: "@") {
      // `user:pass/word@host`: what follows the colon is no port, so it is a password.
      return "…@" + redactedBody(body[body.index(after: at)...])
    }
    result += authority
    guard let question = tail.firstIndex(of: "?") else { return result + redact(String(tail)) }
    result += redact(String(tail[..<question])) + "?"
    tail = tail[tail.index(after: question)...]
    return result
      + tail.split(separator: "&", omittingEmptySubsequences: false)
      .map { pair in pair.firstIndex(of: "=").map { pair[...$0] + "…" } ?? (pair.isEmpty ? "" : "…")
      }
      .joined(separator: "&")
  }

  /// Whether nothing, or nothing but digits, follows the host's colon (an IPv6 address has its colons
  /// inside brackets).
  private static func endsWithPort(_ authority: Substring) -> Bool {
    let afterAddress = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
    guard let colon = afterAddress.firstIndex(of: ":") else { return true }
    return afterAddress[colon...].dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
      && authority.last != ":"
  }
}
