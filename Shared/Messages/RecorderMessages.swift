public import Base
internal import FoundationEssentials

/// What a recorder needs to know to make one recording with nobody else awake.
public struct RecordingPlan: Codable, Hashable, Sendable {
  public var job: JobID
  public var token: Int64
  public var stream: StreamID
  /// The show without padding; for tags and names.
  public var start: Instant
  public var end: Instant
  /// What is cut from the tape.
  public var paddedStart: Instant
  public var paddedEnd: Instant
  /// The file's name without its ending, already free of anything that a path must not hold.
  public var fileName: String
  public var format: RecordingFormat
  /// With the title and date filled in.
  public var tags: RecordingTags
  /// The local date of the start, `YYYY-MM-DD`, for the date tag.
  public var date: String
  /// How the file is made.
  public var finishing: FinishOptions?
  /// Who is recorded where not all can be, the higher first; nil is 0.
  public var priority: Int?
  /// It is captured, and made into a file only when another plan with a higher token says so; nil is
  /// false.
  public var isSpare: Bool?

  public init(
    job: JobID, token: Int64, stream: StreamID, start: Instant, end: Instant,
    paddedStart: Instant, paddedEnd: Instant, fileName: String, format: RecordingFormat,
    tags: RecordingTags, date: String, finishing: FinishOptions? = nil, priority: Int? = nil,
    isSpare: Bool? = nil
  ) {
    self.job = job
    self.token = token
    self.stream = stream
    self.start = start
    self.end = end
    self.paddedStart = paddedStart
    self.paddedEnd = paddedEnd
    self.fileName = fileName
    self.format = format
    self.tags = tags
    self.date = date
    self.finishing = finishing
    self.priority = priority
    self.isSpare = isSpare
  }
}

/// All that one recorder is to have in hand, whole: what is not in it is no longer wanted. A higher
/// version replaces a lower one; a lower one is ignored.
public struct DesiredSet: DurableMessage, Hashable {
  public static let type = "recorder.desired"
  public var version: Int64
  /// The streams that the recordings need, each once.
  public var streams: [StreamDefinition]
  public var recordings: [RecordingPlan]
  /// Spans of tapes that may not be removed; nil is none.
  public var locks: [TapeLock]?

  public init(
    version: Int64, streams: [StreamDefinition], recordings: [RecordingPlan],
    locks: [TapeLock]? = nil
  ) {
    self.version = version
    self.streams = streams
    self.recordings = recordings
    self.locks = locks
  }

  /// A fingerprint of the content that both sides compute, so that drift between them is seen at the
  /// next heartbeat: 32 hexadecimal digits.
  public var digest: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var sorted = self
    sorted.version = 0
    sorted.streams.sort { $0.id < $1.id }
    sorted.recordings.sort { $0.job < $1.job }
    sorted.locks?.sort { ($0.stream, $0.start, $0.end) < ($1.stream, $1.start, $1.end) }
    // Every field is a plain value, so encoding cannot fail; were it to, an empty digest only costs
    // one more sending of the set.
    let bytes = (try? encoder.encode(sorted)).map { Array($0) } ?? []
    return String(hexadecimal(SHA256.hash(bytes)).prefix(32))
  }
}

/// A span of a tape that stays, whatever the bounds of the tape say.
public struct TapeLock: Codable, Hashable, Sendable {
  public var stream: StreamID
  public var start: Instant
  public var end: Instant
  /// Who wants it, for people.
  public var reason: String

  public init(stream: StreamID, start: Instant, end: Instant, reason: String) {
    self.stream = stream
    self.start = start
    self.end = end
    self.reason = reason
  }
}

/// The window has opened and the stream is being captured (or tried).
public struct RecordingStarted: DurableMessage, Hashable {
  public static let type = "recording.started"
  public var job: JobID
  public var token: Int64
  /// When the recorder acted on it.
  public var at: Instant

  public init(job: JobID, token: Int64, at: Instant) {
    self.job = job
    self.token = token
    self.at = at
  }
}

/// The window is over; the file is being made.
public struct RecordingFinishing: DurableMessage, Hashable {
  public static let type = "recording.finishing"
  public var job: JobID
  public var token: Int64
  public var at: Instant

  public init(job: JobID, token: Int64, at: Instant) {
    self.job = job
    self.token = token
    self.at = at
  }
}

public struct RecordingFinished: DurableMessage, Hashable {
  public static let type = "recording.finished"
  public var job: JobID
  public var token: Int64
  public var file: FinishedFile

  public init(job: JobID, token: Int64, file: FinishedFile) {
    self.job = job
    self.token = token
    self.file = file
  }
}

/// Nothing of the window could be recorded, and nothing will be.
public struct RecordingFailed: DurableMessage, Hashable {
  public static let type = "recording.failed"
  public var job: JobID
  public var token: Int64
  public var reason: String

  public init(job: JobID, token: Int64, reason: String) {
    self.job = job
    self.token = token
    self.reason = reason
  }
}

/// The scheduler's answer to a finished recording: whether this file is the canonical one.
public struct RecordingSettled: DurableMessage, Hashable {
  public static let type = "recording.settled"
  public var job: JobID
  public var token: Int64
  public var isCanonical: Bool

  public init(job: JobID, token: Int64, isCanonical: Bool) {
    self.job = job
    self.token = token
    self.isCanonical = isCanonical
  }
}

public struct CaptureChanged: DurableMessage, Hashable {
  public static let type = "capture.changed"
  public var status: CaptureStatus

  public init(status: CaptureStatus) { self.status = status }
}
