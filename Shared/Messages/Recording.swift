public import Base

/// What has become of a recording.
public enum RecordingState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Due in the future, or no recorder has it yet.
  case planned
  /// A recorder holds its plan.
  case assigned
  /// Its window is open and its stream is being captured.
  case recording
  /// Its window is over; the file is being made.
  case finishing
  /// Its one canonical file exists.
  case committed
  /// Nothing was recorded; the reason says why.
  case missed
  /// A person called it off.
  case cancelled

  public var isFinal: Bool {
    switch self {
    case .committed, .missed, .cancelled: true
    case .planned, .assigned, .recording, .finishing: false
    }
  }
}

/// A named window of a tape and what became of it; the scheduler's account.
public struct Recording: Codable, Hashable, Sendable {
  /// Also the job's: derived from schedule, start and slot, so that every way of planning the same
  /// show arrives at the same id.
  public var id: JobID
  public var schedule: ScheduleID
  public var stream: StreamID
  public var title: String
  /// The show itself, without padding.
  public var start: Instant
  public var end: Instant
  /// What is cut from the tape.
  public var paddedStart: Instant
  public var paddedEnd: Instant
  public var state: RecordingState
  /// One sentence, where the state needs one.
  public var reason: String?
  /// Who records it.
  public var node: NodeID?
  /// Grows with each assignment; only the newest holder may commit.
  public var token: Int64
  public var file: FinishedFile?
  public var destinations: [DestinationID]
  public var updatedAt: Instant
  /// Who is recorded where not all can be, the higher first; nil is 0.
  public var priority: Int?
  /// What stands in its way as things are, in one sentence; nil where nothing does.
  public var conflict: String?
  /// A second recorder that captures the same, to fill in for the first.
  public var spare: NodeID?

  public init(
    id: JobID, schedule: ScheduleID, stream: StreamID, title: String, start: Instant,
    end: Instant, paddedStart: Instant, paddedEnd: Instant, state: RecordingState,
    reason: String? = nil, node: NodeID? = nil, token: Int64 = 0, file: FinishedFile? = nil,
    destinations: [DestinationID] = [], updatedAt: Instant, priority: Int? = nil,
    conflict: String? = nil, spare: NodeID? = nil
  ) {
    self.id = id
    self.schedule = schedule
    self.stream = stream
    self.title = title
    self.start = start
    self.end = end
    self.paddedStart = paddedStart
    self.paddedEnd = paddedEnd
    self.state = state
    self.reason = reason
    self.node = node
    self.token = token
    self.file = file
    self.destinations = destinations
    self.updatedAt = updatedAt
    self.priority = priority
    self.conflict = conflict
    self.spare = spare
  }
}

/// A file that is whole, checked and under its final name.
public struct FinishedFile: Codable, Hashable, Sendable {
  /// Absolute, on the volume that the services of one site share.
  public var path: String
  /// The last part of the path.
  public var name: String
  public var bytes: Int64
  /// 64 hexadecimal digits.
  public var sha256: String
  /// Such as `audio/mpeg`.
  public var contentType: String
  /// The decoded length in microseconds.
  public var durationUs: Int64
  /// What the tape lacked in the window; empty when every millisecond is there.
  public var gaps: [Gap]
  public var loudness: Loudness?
  /// What was made beside it; nil is none.
  public var companions: [CompanionFile]?

  public init(
    path: String, name: String, bytes: Int64, sha256: String, contentType: String,
    durationUs: Int64, gaps: [Gap], loudness: Loudness? = nil,
    companions: [CompanionFile]? = nil
  ) {
    self.path = path
    self.name = name
    self.bytes = bytes
    self.sha256 = sha256
    self.contentType = contentType
    self.durationUs = durationUs
    self.gaps = gaps
    self.loudness = loudness
    self.companions = companions
  }

  /// The sum of the gaps, in microseconds.
  public var lossUs: Int64 { gaps.reduce(0) { $0 + ($1.end - $1.start).microseconds } }
}

/// What EBU R128 measures of a file's sound.
public struct Loudness: Codable, Hashable, Sendable {
  /// LUFS.
  public var integrated: Double
  /// dBTP; nil where it was not measured.
  public var truePeak: Double?
  /// LU.
  public var range: Double?
  /// Whether the sound was brought to a wanted loudness; then the figures are of the outcome.
  public var isNormalised: Bool

  public init(
    integrated: Double, truePeak: Double? = nil, range: Double? = nil, isNormalised: Bool = false
  ) {
    self.integrated = integrated
    self.truePeak = truePeak
    self.range = range
    self.isNormalised = isNormalised
  }
}

/// A file beside a recording's file, in the same folder.
public struct CompanionFile: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case sha256
    case cueSheet = "cue-sheet"
    /// The as-run log as text.
    case asRun = "as-run"
    case waveform, thumbnail
  }

  public var kind: Kind
  public var name: String
  public var bytes: Int64

  public init(kind: Kind, name: String, bytes: Int64) {
    self.kind = kind
    self.name = name
    self.bytes = bytes
  }
}

/// A span that was wanted and not captured.
public struct Gap: Codable, Hashable, Sendable {
  public enum Cause: String, Codable, Hashable, Sendable, CaseIterable {
    /// The source could not be reached.
    case sourceUnreachable = "source-unreachable"
    /// The source answered with a refusal (a status, a wrong kind of content).
    case sourceRefused = "source-refused"
    /// The source closed the connection.
    case sourceClosed = "source-closed"
    /// Connected, but nothing came.
    case sourceStalled = "source-stalled"
    /// What came was not sound.
    case sourceGarbled = "source-garbled"
    /// The source no longer offered it when it could be reached again (HLS: left the playlist).
    case sourceExpired = "source-expired"
    /// The source itself says that it has nothing there (HLS: EXT-X-GAP).
    case sourceGap = "source-gap"
    /// There was no room to write.
    case diskFull = "disk-full"
    /// The folder could not be written.
    case diskFault = "disk-fault"
    /// The recorder was not running.
    case recorderDown = "recorder-down"
    /// The plan reached the recorder after the window had begun.
    case plannedLate = "planned-late"
    /// A segment that was captured is gone or damaged.
    case tapeDamaged = "tape-damaged"
    /// The wall clock was set forward: no time passed, and labels jump by that much.
    case clockSet = "clock-set"
    /// The recorder was told to take nothing new.
    case paused
    /// What was captured is older or larger than what is kept.
    case notKept = "not-kept"
    /// Memory or another limit of the machine was used up.
    case overload
    /// Nothing tells why.
    case unknown
  }

  public var start: Instant
  public var end: Instant
  public var cause: Cause
  /// One sentence with what is known beyond the cause.
  public var detail: String

  public init(start: Instant, end: Instant, cause: Cause, detail: String) {
    self.start = start
    self.end = end
    self.cause = cause
    self.detail = detail
  }
}
