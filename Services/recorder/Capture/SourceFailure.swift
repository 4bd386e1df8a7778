import Base
import HTTPClient
import Media
import Messages

/// Why a source gave nothing, and how soon it makes sense to ask again.
struct SourceFailure: Error, Hashable, Sendable {
  enum Pace: Hashable, Sendable {
    /// Every tenth of a second may be lost audio.
    case quick
    /// The server answers and has nothing for us now.
    case slow
    /// Somebody must change something first.
    case patient
  }

  var cause: Gap.Cause
  /// One sentence for people.
  var sentence: String
  var pace: Pace
  var retryAfter: Duration?

  init(
    _ cause: Gap.Cause, _ sentence: String, pace: Pace = .quick, retryAfter: Duration? = nil
  ) {
    self.cause = cause
    self.sentence = sentence
    self.pace = pace
    self.retryAfter = retryAfter
  }

  /// What an HTTP error means for a capture: the one table.
  init(_ error: HTTPError) {
    let sentence = SourceFailure.sentence(error.description)
    switch error.kind {
    case .status(let code):
      let pace: Pace =
        switch code {
        case 401, 403, 410, 451: .patient
        case 500...: .quick
        default: .slow
        }
      self.init(.sourceRefused, sentence, pace: pace, retryAfter: error.retryAfter)
    case .dns, .unreachable, .refused, .timeout: self.init(.sourceUnreachable, sentence)
    case .tls: self.init(.sourceUnreachable, sentence, pace: .slow)
    case .stalled: self.init(.sourceStalled, sentence)
    case .interrupted, .cancelled: self.init(.sourceClosed, sentence)
    case .protocolViolation: self.init(.sourceGarbled, sentence, pace: .slow)
    case .invalidRequest, .tooLarge, .redirect, .forbiddenAddress:
      self.init(.sourceRefused, sentence, pace: .patient)
    }
  }

  static let closed = SourceFailure(
    .sourceClosed, "The source closed the connection.")

  static func stalled(for seconds: Double) -> SourceFailure {
    SourceFailure(
      .sourceStalled,
      "The source is connected and has sent nothing for \(Int(seconds.rounded())) seconds.")
  }

  /// What came is no audio that can be stored.
  static func unusable(_ kind: ContentKind, contentType: String?) -> SourceFailure {
    let found: String =
      switch kind {
      case .html: "a web page"
      case .playlist: "a playlist that names no stream"
      case .hls: "an HLS playlist"
      case .dash: "a DASH manifest"
      case .ogg: "an Ogg stream of no coding that can be captured"
      case .mp4: "an MP4 file"
      case .transportStream: "an MPEG transport stream"
      case .mpegAudio, .adts, .unknown: "something that holds no MP3 or AAC audio"
      }
    let type = contentType.map { " (\($0))" } ?? ""
    return SourceFailure(
      .sourceRefused,
      "The address answers with \(found)\(type); use the address of the stream itself.",
      pace: .patient)
  }

  static func noFrames(_ refusal: HeaderRefusal?) -> SourceFailure {
    SourceFailure(
      .sourceGarbled,
      refusal?.sentence
        ?? "The source sends data in which no MP3 or AAC audio is found; check the address.",
      pace: .slow)
  }

  static func noTransport(_ contentType: String?) -> SourceFailure {
    SourceFailure(
      .sourceGarbled,
      "The source sends no MPEG transport stream in which sound or picture is found"
        + (contentType.map { " (\($0))" } ?? "") + "; check the address.", pace: .slow)
  }

  private static func sentence(_ text: String) -> String {
    guard let first = text.first else { return text }
    return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
  }
}
