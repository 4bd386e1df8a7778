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
    for url in stream.urls { try SourceAddressRule.check(url, of: stream) }
    try checkSource(stream)
    if let agent = stream.userAgent {
      try TextRule.checkHeader(agent, field: "userAgent", what: "The user agent")
    }
    try check(
      stream.maximumHeight, in: 1...16_384, field: "maximumHeight",
      "The tallest picture lies between 1 and 16384 lines.")
    try check(
      stream.maximumBitsPerSecond, in: 8_000...10_000_000_000, field: "maximumBitsPerSecond",
      "The most that a variant may need lies between 8000 and 10000000000 bits per second.")
    if let language = stream.soundLanguage, !isLanguage(language) {
      throw Refusal(
        .invalid, "A language is written as de, or pt-BR.", field: "soundLanguage")
    }
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

  private static func checkSource(_ stream: StreamDefinition) throws(Refusal) {
    if let format = stream.inputFormat, !SourceAddressRule.devices.contains(format) {
      throw Refusal(
        .invalid,
        "The input format is one of \(SourceAddressRule.devices.joined(separator: ", ")), and "
          + "belongs to an address that begins with device:.", field: "inputFormat")
    }
    if let quality = stream.quality, !SourceAddressRule.isQuality(quality) {
      throw Refusal(
        .invalid, "The quality is best, worst, audio, or a height such as 720p.",
        field: "quality")
    }
    if stream.source == .ffmpeg, stream.headers.count > 1 {
      throw Refusal(
        .invalid, "FFmpeg takes one further request header at most.", field: "headers")
    }
  }

  /// In the form of RFC 5646, whatever it may mean.
  private static func isLanguage(_ text: String) -> Bool {
    text.utf8.count <= 35 && text.wholeMatch(of: /[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*/) != nil
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
