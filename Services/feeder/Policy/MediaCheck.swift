internal import Base

/// What is known of a file that has just been received.
struct MediaFacts: Hashable, Sendable {
  /// How it begins.
  var start: [UInt8]
  var bytes: Int64
  /// What the server said; nil where it said nothing.
  var serverBytes: Int64?
  var contentType: String?
  /// As the feed declares it.
  var declaredDuration: Duration?
  var decoding: Decoding?

  struct Decoding: Hashable, Sendable {
    /// How much could be decoded.
    var decoded: Duration
    /// What the file says of itself.
    var announced: Duration?
    /// What the decoder complained of, the first line.
    var complaint: String?
  }
}

/// Judges whether a received file is the episode.
///
/// No single sign is enough: ffprobe takes a truncated MP3, and a web page with an MP3 behind it, for
/// an MP3; lengths in feeds are wrong as often as not, so they refuse nothing; durations in feeds are
/// wrong less often, so a file of less than half of it is doubted, and taken when it comes the same a
/// second time.
enum MediaCheck {
  enum Verdict: Hashable, Sendable {
    case good
    case refused(DownloadError.Kind, String)
    case doubtful(String)
  }

  /// Before it is decoded.
  static func judgeStart(_ facts: MediaFacts) -> Verdict {
    guard facts.bytes > 0 else { return .refused(.content, "the server sent an empty file") }
    if let declared = facts.serverBytes, declared != facts.bytes {
      return .refused(
        .truncated, "the server announced \(declared) bytes and sent \(facts.bytes)")
    }
    switch kind(facts.start) {
    case .html: return .refused(.content, "the server sent a web page in place of the file")
    case .json: return .refused(.content, "the server sent a message (JSON) in place of the file")
    case .xml: return .refused(.content, "the server sent XML in place of the file")
    case .text where isMedia(facts.contentType):
      return .refused(.content, "the server sent text in place of the file")
    default: return .good
    }
  }

  static func judge(_ facts: MediaFacts) -> Verdict {
    let start = judgeStart(facts)
    guard start == .good, let decoding = facts.decoding else { return start }
    guard decoding.decoded > .milliseconds(20) else {
      return .refused(
        .content, "nothing in it can be decoded: \(decoding.complaint ?? "no sound or picture")")
    }
    if let announced = decoding.announced,
      decoding.decoded < announced - max(.seconds(2), announced / 50)
    {
      return .refused(
        .truncated,
        "it says that it is \(spoken(announced)) long, and \(spoken(decoding.decoded)) can be decoded"
      )
    }
    if let declared = facts.declaredDuration, declared >= .seconds(60),
      decoding.decoded < declared / 2
    {
      return .doubtful(
        "the feed declares \(spoken(declared)), and the file is \(spoken(decoding.decoded)) long")
    }
    return .good
  }

  enum Kind: Hashable, Sendable { case html, json, xml, text, binary }

  static func kind(_ start: [UInt8]) -> Kind {
    var rest = start[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    rest = rest.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    let text = String(decoding: rest.prefix(512), as: UTF8.self).lowercased()
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head")
      || text.hasPrefix("<!--") || text.hasPrefix("<script") || text.hasPrefix("<body")
    {
      return .html
    }
    if text.hasPrefix("<") {
      return text.contains("<html") ? .html : .xml
    }
    if text.hasPrefix("{") || text.hasPrefix("[{") { return .json }
    let isText = rest.prefix(512).allSatisfy {
      ($0 >= 0x20 && $0 < 0x7F) || (0x09...0x0D).contains($0)
    }
    return isText ? .text : .binary
  }

  /// Whether it is worth decoding: sound and pictures, and what does not say what it is.
  static func isMedia(_ contentType: String?) -> Bool {
    guard let type = contentType?.lowercased().prefix(while: { $0 != ";" }) else { return true }
    if type.hasPrefix("audio/") || type.hasPrefix("video/") { return true }
    return ["application/octet-stream", "binary/octet-stream", "application/ogg", ""].contains(type)
  }

  private static func spoken(_ duration: Duration) -> String {
    let seconds = Int(duration.inSeconds.rounded())
    let rest = seconds % 60
    return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(rest < 10 ? "0" : "")\(rest) s"
  }
}
