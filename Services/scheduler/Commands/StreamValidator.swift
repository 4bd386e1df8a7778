internal import Base
internal import Messages

/// Checks what a person says of a stream.
enum StreamValidator {
  static func check(_ stream: StreamDefinition) throws(Refusal) {
    guard !stream.id.isSound, stream.id.text.utf8.count <= StreamID.longest else {
      throw Refusal(
        .invalid,
        "A stream's id has at most \(StreamID.longest) characters and does not end in .sound, which "
          + "names the tape of its sound.", field: "id")
    }
    try TextRule.checkName(stream.name, field: "name")
    guard (1...10).contains(stream.urls.count) else {
      throw Refusal(.invalid, "A stream needs one to ten addresses.", field: "urls")
    }
    for url in stream.urls { try check(url: url) }
    if let agent = stream.userAgent {
      try TextRule.checkHeader(agent, field: "userAgent", what: "The user agent")
    }
    try check(
      stream.maximumHeight, in: 1...16_384, field: "maximumHeight",
      "The tallest picture lies between 1 and 16384 lines.")
    try check(
      stream.maximumBitsPerSecond, in: 8_000...10_000_000_000, field: "maximumBitsPerSecond",
      "The most that a variant may need lies between 8000 and 10000000000 bits per second.")
    guard stream.headers.count <= 20 else {
      throw Refusal(.invalid, "A stream takes at most 20 request headers.", field: "headers")
    }
    for (name, value) in stream.headers {
      guard !name.isEmpty, name.utf8.count <= 100, name.utf8.allSatisfy(isTokenByte) else {
        throw Refusal(
          .invalid, "'\(name.prefix(40))' is not a header's name: use letters, digits and '-'.",
          field: "headers")
      }
      try TextRule.checkHeader(value, field: "headers", what: "The value of the header \(name)")
    }
  }

  private static func check(
    _ limit: Int?, in range: ClosedRange<Int>, field: String, _ sentence: String
  ) throws(Refusal) {
    guard let limit, !range.contains(limit) else { return }
    throw Refusal(.invalid, sentence, field: field)
  }

  /// The address itself is never quoted: it may hold a password.
  private static func check(url: String) throws(Refusal) {
    let lowered = url.lowercased()
    guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else {
      throw Refusal(
        .invalid, "A stream's address must begin with http:// or https://.", field: "urls")
    }
    let rest = url.dropFirst(scheme.count)
    let authority = rest.prefix { !"/?#".contains($0) }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    guard !host.isEmpty, !host.hasPrefix(":") else {
      throw Refusal(.invalid, "A stream's address needs a host after \(scheme).", field: "urls")
    }
    guard url.utf8.count <= 2000, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw Refusal(
        .invalid,
        "A stream's address may hold no blanks or control characters and at most 2000 characters; "
          + "write a blank as %20.", field: "urls")
    }
  }

  /// RFC 9110 §5.6.2, `tchar`.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// What any text from a person must keep to.
enum TextRule {
  static func checkName(_ text: String, field: String) throws(Refusal) {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw Refusal(.invalid, "A name is needed.", field: field)
    }
    try checkLine(text, field: field, what: "The name", mostBytes: 200)
  }

  static func checkLine(
    _ text: String, field: String, what: String, mostBytes: Int
  ) throws(Refusal) {
    guard text.utf8.count <= mostBytes else {
      throw Refusal(.invalid, "\(what) is longer than \(mostBytes) bytes.", field: field)
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw Refusal(.invalid, "\(what) holds a line break or control character.", field: field)
    }
  }

  static func checkHeader(_ text: String, field: String, what: String) throws(Refusal) {
    try checkLine(text, field: field, what: what, mostBytes: 1000)
  }
}
