/// What a response carries, told by its Content-Type and by its first bytes. The bytes win: many
/// stations label AAC as MPEG audio, and error pages as audio.
public enum ContentKind: String, Hashable, Sendable {
  case mpegAudio, adts, ogg, mp4, transportStream, hls
  /// A DASH manifest.
  case dash
  /// A list of URLs: PLS, plain M3U, ASX or XSPF.
  case playlist
  case html
  case unknown

  /// Whether the recorder can store it frame by frame.
  public var isFramedAudio: Bool { self == .mpegAudio || self == .adts }
}

public enum ContentSniffer {
  /// Bytes after which more bytes do not change the answer: three of the longest frames.
  public static let usefulPrefix = 3 * FrameHeader.longestFrame

  /// By a Content-Type value; parameters and case do not matter.
  public static func kind(ofContentType value: String) -> ContentKind {
    let type = value.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    switch type {
    case "audio/mpeg", "audio/mp3", "audio/mpg", "audio/mpeg3", "audio/x-mpeg", "audio/x-mp3":
      return .mpegAudio
    case "audio/aac", "audio/aacp", "audio/x-aac", "audio/x-aacp", "audio/x-hx-aac-adts":
      return .adts
    case "audio/ogg", "application/ogg", "audio/opus", "audio/vorbis", "audio/x-ogg":
      return .ogg
    case "audio/mp4", "video/mp4", "audio/x-m4a": return .mp4
    case "video/mp2t", "video/mpeg2-ts": return .transportStream
    case "application/vnd.apple.mpegurl", "application/x-mpegurl": return .hls
    case "application/dash+xml": return .dash
    case "audio/x-scpls", "application/pls+xml", "audio/x-mpegurl", "audio/mpegurl",
      "video/x-ms-asx", "audio/x-ms-wax", "video/x-ms-wvx", "application/xspf+xml":
      return .playlist
    case "text/html", "application/xhtml+xml": return .html
    default: return .unknown
    }
  }

  /// By the first bytes of a body, as many as there are (see `usefulPrefix`).
  public static func kind(ofContent bytes: UnsafeRawBufferPointer) -> ContentKind {
    let start = text(bytes.prefix(1024))
    if start.hasPrefix("#EXTM3U") {
      return start.contains("#EXT-X-") ? .hls : .playlist
    }
    if start.hasPrefix("[playlist]") || start.hasPrefix("http://") || start.hasPrefix("https://") {
      return .playlist
    }
    if start.hasPrefix("OggS") { return .ogg }
    if start.hasPrefix("<") {
      let lowered = start.lowercased()
      if lowered.hasPrefix("<asx") || lowered.contains("<playlist") { return .playlist }
    }
    if start.hasPrefix("<"), isManifest(start) { return .dash }
    if start.hasPrefix("<"), start.lowercased().contains("html") { return .html }
    if bytes.count >= 12, start.dropFirst(4).hasPrefix("ftyp") { return .mp4 }
    if isTransportStream(bytes) { return .transportStream }
    var scanner = FrameScanner()
    scanner.feed(UnsafeRawBufferPointer(rebasing: bytes.prefix(usefulPrefix)))
    if scanner.frames.isEmpty { scanner.finish() }
    guard let frame = scanner.frames.first else { return .unknown }
    return frame.format.codec == .aac ? .adts : .mpegAudio
  }

  private static func isManifest(_ start: Substring) -> Bool {
    guard let mark = start.firstRange(of: "<MPD") else { return false }
    return start[mark.upperBound...].first.map { $0.isWhitespace || $0 == ">" } ?? true
  }

  private static func isTransportStream(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47
  }

  /// Every byte as one character, so that nothing is lost or refused; leading white space and a
  /// byte order mark are dropped.
  private static func text(_ bytes: some Sequence<UInt8>) -> Substring {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    var rest = Substring(String(text))
    if rest.hasPrefix("\u{EF}\u{BB}\u{BF}") { rest = rest.dropFirst(3) }
    return rest.drop { $0.isWhitespace }
  }
}
