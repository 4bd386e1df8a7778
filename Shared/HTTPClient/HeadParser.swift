/// Puts an answer's head together from the header lines that libcurl hands over.
///
/// One transfer may see several heads (1xx, redirects) and trailers after the body; only the head
/// that the body belongs to is reported, and once.
struct HeadParser {
  private let followsRedirects: Bool
  private var status = 0
  private var isICY = false
  private var headers = HTTPHeaders()
  private var isComplete = false

  init(followsRedirects: Bool) { self.followsRedirects = followsRedirects }

  /// The head once its last line was taken.
  mutating func take(
    _ bytes: some Collection<UInt8>, url: @autoclosure () -> String
  ) -> HTTPHead? {
    guard !isComplete else { return nil }
    let line = HeadParser.text(bytes).droppingLineEnd()
    if line.isEmpty { return finish(url: url()) }
    if line.hasPrefix("HTTP/") || line.hasPrefix("ICY ") {
      start(line)
    } else if line.first == " " || line.first == "\t" {
      headers.extendLast(with: line.trimmed())
    } else if let colon = line.firstIndex(of: ":") {
      headers.append(line[..<colon].trimmed(), line[line.index(after: colon)...].trimmed())
    }
    return nil
  }

  private mutating func start(_ line: Substring) {
    isICY = line.hasPrefix("ICY ")
    let words = line.split(separator: " ", maxSplits: 2)
    status = words.count > 1 ? Int(words[1]) ?? 0 : 0
    headers = HTTPHeaders()
  }

  private mutating func finish(url: String) -> HTTPHead? {
    if status < 200 { return nil }
    let isRedirect = status < 400 && status >= 300 && headers["Location"] != nil
    if isRedirect && followsRedirects { return nil }
    isComplete = true
    return HTTPHead(status: status, headers: headers, url: url, isICY: isICY)
  }

  /// UTF-8 where it is that, else Latin-1, which old Icecast servers send in `icy-name`.
  private static func text(_ bytes: some Collection<UInt8>) -> Substring {
    if let text = String(validating: bytes, as: UTF8.self) { return text[...] }
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text[...]
  }
}

extension Substring {
  fileprivate func droppingLineEnd() -> Substring {
    guard let end = lastIndex(where: { !$0.isNewline }) else { return "" }
    return self[...end]
  }

  fileprivate func trimmed() -> String {
    let start = drop { $0 == " " || $0 == "\t" }
    guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return String(start[...end])
  }
}
