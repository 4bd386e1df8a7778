import Base
import FoundationEssentials
import Media
import Messages

/// What `GET /tape` answers: every tape of this recorder. Times are UTC in microseconds;
/// names are written in snake case.
struct TapeList: Encodable {
  struct Tape: Encodable {
    var stream: StreamID
    var fromUs: Int64
    var toUs: Int64
    var bytes: Int64
    var segments: Int64
  }

  var node: NodeID
  var tapes: [Tape]

  init(node: NodeID, _ totals: [TapeIndex.Total]) {
    self.node = node
    tapes = totals.map {
      Tape(
        stream: $0.stream, fromUs: $0.start.microseconds, toUs: $0.end.microseconds,
        bytes: $0.bytes, segments: $0.segments)
    }
  }
}

/// What `GET /tape/{stream}/titles` answers: what the stream announced, by time; first the title that
/// stood at the beginning of the span. An empty one ends the one before it.
struct TapeTitles: Encodable {
  struct Title: Encodable {
    var atUs: Int64
    var title: String
  }

  var stream: StreamID
  var node: NodeID
  var titles: [Title]

  init(stream: StreamID, node: NodeID, _ titles: [AnnouncedTitle]) {
    self.stream = stream
    self.node = node
    self.titles = titles.map { Title(atUs: $0.at.microseconds, title: $0.title) }
  }
}

/// What `GET /tape/{stream}` answers: a piece of a tape, by time.
struct TapePage: Encodable {
  struct Segment: Encodable {
    var sequence: Int64
    var startUs: Int64
    var durationUs: Int64
    var bytes: Int64
    /// What the file is, such as `mpeg-audio` or `mpegts`.
    var container: String
    /// RFC 6381 where the container has tracks, else the name of the frames' coding.
    var codec: String
    /// It can be played without the one before it.
    var isIndependent: Bool
    /// How it follows the one before it.
    var splice: String
    /// SHA-256 of the initialisation section that it needs.
    var `init`: String?
    /// Lines of the picture.
    var height: Int?
    /// Of the file below the tape folder; these three only where they are asked for.
    var path: String?
    var frames: Int64?
    /// `ByteDigest` in hexadecimal digits.
    var digest: String?
  }

  struct Hole: Encodable {
    var startUs: Int64
    /// null while it lasts.
    var endUs: Int64?
    var cause: String
    var detail: String

    private enum CodingKeys: CodingKey { case startUs, endUs, cause, detail }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(startUs, forKey: .startUs)
      // Said also where it is not known, so that readers need not guess.
      try container.encode(endUs, forKey: .endUs)
      try container.encode(cause, forKey: .cause)
      try container.encode(detail, forKey: .detail)
    }
  }

  var stream: StreamID
  var node: NodeID
  var segments: [Segment]
  var gaps: [Hole]
  var more: Bool
  /// `from_us` of the next question, where there is more.
  var nextUs: Int64?
  /// The tape of the stream's sound, where the station offers it apart.
  var sound: StreamID?

  init(stream: StreamID, node: NodeID, _ page: TapeIndex.Page, hasSound: Bool = false) {
    sound = hasSound ? stream.sound : nil
    self.stream = stream
    self.node = node
    segments = page.segments.map { Segment($0) }
    gaps = page.holes.map {
      Hole(
        startUs: $0.start.microseconds, endUs: $0.end?.microseconds, cause: $0.cause.rawValue,
        detail: $0.detail)
    }
    more = page.next != nil
    nextUs = page.next?.microseconds
  }
}

extension TapePage {
  mutating func addFiles(of page: TapeIndex.Page) {
    for (index, segment) in page.segments.enumerated() {
      segments[index].path = segment.path
      segments[index].frames = segment.run?.frames ?? 0
      segments[index].digest = segment.digest.map { String($0, radix: 16) }
    }
  }
}

extension TapePage.Segment {
  init(_ segment: Segment) {
    sequence = segment.sequence
    startUs = segment.start.microseconds
    durationUs = segment.duration.microseconds
    bytes = segment.bytes
    container = segment.container
    switch segment.content {
    case .frames(let run):
      codec = run.format.codec.rawValue
      isIndependent = true
    case .media(let media):
      codec = media.codecs
      isIndependent = media.isIndependent
      `init` = media.initialisation
      height = media.height
    }
    splice = segment.splice.rawValue
  }
}

extension Segment {
  /// What the file is.
  var container: String {
    switch content {
    case .frames(let run):
      run.format.codec.isOgg ? "ogg" : run.format.codec == .aac ? "adts" : "mpeg-audio"
    case .media(let media): media.container.rawValue
    }
  }

  var contentType: String {
    switch content {
    case .frames(let run):
      run.format.codec.isOgg
        ? "audio/ogg" : run.format.codec == .aac ? "audio/aac" : "audio/mpeg"
    case .media(let media):
      switch media.container {
      case .transportStream: "video/mp2t"
      case .fragmentedMP4: "video/mp4"
      case .packedAAC: "audio/aac"
      case .packedMP3: "audio/mpeg"
      }
    }
  }
}
