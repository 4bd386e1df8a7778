public import Base

// What the scheduler is told to do.

/// Makes a stream or changes it. With `mustBeNew`, an id that is taken is refused.
public struct PutStream: CommandMessage, Hashable {
  public static let type = "stream.put"
  public var stream: StreamDefinition
  public var mustBeNew: Bool

  public init(stream: StreamDefinition, mustBeNew: Bool) {
    self.stream = stream
    self.mustBeNew = mustBeNew
  }
}

/// Forgets a stream; refused while a schedule uses it. Its tape stays.
public struct RemoveStream: CommandMessage, Hashable {
  public static let type = "stream.remove"
  public var stream: StreamID

  public init(stream: StreamID) { self.stream = stream }
}

public struct PutSchedule: CommandMessage, Hashable {
  public static let type = "schedule.put"
  public var schedule: ScheduleDefinition
  public var mustBeNew: Bool

  public init(schedule: ScheduleDefinition, mustBeNew: Bool) {
    self.schedule = schedule
    self.mustBeNew = mustBeNew
  }
}

/// Forgets a schedule. What it is recording now is recorded to its end; what is only planned is
/// cancelled.
public struct RemoveSchedule: CommandMessage, Hashable {
  public static let type = "schedule.remove"
  public var schedule: ScheduleID

  public init(schedule: ScheduleID) { self.schedule = schedule }
}

/// Calls a recording off: nothing is kept of it.
public struct CancelRecording: CommandMessage, Hashable {
  public static let type = "recording.cancel"
  public var recording: JobID

  public init(recording: JobID) { self.recording = recording }
}

/// Moves a recording's end: earlier (as early as now), or later while it is running.
public struct EndRecording: CommandMessage, Hashable {
  public static let type = "recording.end"
  public var recording: JobID
  public var end: Instant

  public init(recording: JobID, end: Instant) {
    self.recording = recording
    self.end = end
  }
}

/// Makes a recording of a span of a tape, which may be past, running or both: "keep the last half
/// hour". Taken only where some recorder has a tape of the stream there or the span is not over.
public struct KeepTape: CommandMessage, Hashable {
  public static let type = "tape.keep"
  public var stream: StreamID
  public var title: String
  public var start: Instant
  public var end: Instant
  public var format: RecordingFormat
  public var tags: RecordingTags
  public var finishing: FinishOptions?
  public var destinations: [DestinationID]

  public init(
    stream: StreamID, title: String, start: Instant, end: Instant,
    format: RecordingFormat = .source, tags: RecordingTags = RecordingTags(),
    finishing: FinishOptions? = nil, destinations: [DestinationID] = []
  ) {
    self.stream = stream
    self.title = title
    self.start = start
    self.end = end
    self.format = format
    self.tags = tags
    self.finishing = finishing
    self.destinations = destinations
  }
}

/// Holds a span of a tape back from removal, or lets go of every lock that lies within the span.
public struct LockTape: CommandMessage, Hashable {
  public static let type = "tape.lock"
  public var lock: TapeLock
  public var isLocked: Bool

  public init(lock: TapeLock, isLocked: Bool) {
    self.lock = lock
    self.isLocked = isLocked
  }
}

/// Dates on which schedules that name the calendar start nothing.
public struct PutHolidays: CommandMessage, Hashable {
  public static let type = "holidays.put"
  public var holidays: Holidays

  public init(holidays: Holidays) { self.holidays = holidays }
}

/// Refused while a schedule names it.
public struct RemoveHolidays: CommandMessage, Hashable {
  public static let type = "holidays.remove"
  public var holidays: HolidaysID

  public init(holidays: HolidaysID) { self.holidays = holidays }
}

public struct Holidays: Codable, Hashable, Sendable {
  public var id: HolidaysID
  public var name: String
  /// `YYYY-MM-DD`, or `MM-DD` for every year; read in the zone of the schedule.
  public var dates: [String]

  public init(id: HolidaysID, name: String, dates: [String]) {
    self.id = id
    self.name = name
    self.dates = dates
  }
}

// What the scheduler says to those who follow it. The `…Changed` events carry the whole state, so
// that a follower keeps a copy by storing the latest.

public struct StreamChanged: DurableMessage, Hashable {
  public static let type = "stream.changed"
  public var id: StreamID
  /// nil once it is removed.
  public var stream: StreamDefinition?

  public init(id: StreamID, stream: StreamDefinition?) {
    self.id = id
    self.stream = stream
  }
}

public struct ScheduleChanged: DurableMessage, Hashable {
  public static let type = "schedule.changed"
  public var id: ScheduleID
  /// nil once it is removed.
  public var schedule: ScheduleDefinition?
  /// The next starts, soonest first.
  public var next: [Instant]

  public init(id: ScheduleID, schedule: ScheduleDefinition?, next: [Instant]) {
    self.id = id
    self.schedule = schedule
    self.next = next
  }
}

public struct HolidaysChanged: DurableMessage, Hashable {
  public static let type = "holidays.changed"
  public var id: HolidaysID
  /// nil once it is removed.
  public var holidays: Holidays?

  public init(id: HolidaysID, holidays: Holidays?) {
    self.id = id
    self.holidays = holidays
  }
}

/// All that people have locked of one stream's tape.
public struct TapeLocksChanged: DurableMessage, Hashable {
  public static let type = "tape.locks"
  public var stream: StreamID
  public var locks: [TapeLock]

  public init(stream: StreamID, locks: [TapeLock]) {
    self.stream = stream
    self.locks = locks
  }
}

public struct RecordingChanged: DurableMessage, Hashable {
  public static let type = "recording.changed"
  public var recording: Recording

  public init(recording: Recording) { self.recording = recording }
}

/// What a recorder said last of a capture, passed on to those who follow the scheduler.
public struct StreamStatusChanged: DurableMessage, Hashable {
  public static let type = "stream.status"
  public var status: CaptureStatus

  public init(status: CaptureStatus) { self.status = status }
}

/// What became of a command.
public struct CommandOutcome: DurableMessage, Hashable {
  public static let type = "command.outcome"
  public enum Refusal: String, Codable, Hashable, Sendable {
    /// A value is not acceptable; `field` says which.
    case invalid
    /// The subject does not exist.
    case notFound = "not-found"
    /// It clashes with what exists.
    case conflict
    /// It was tried and did not work (a connection test, say).
    case failed
  }

  public var command: MessageID
  /// nil when it was done.
  public var refusal: Refusal?
  /// The part of the command that was at fault, such as `rule.expression`.
  public var field: String?
  /// One sentence: why it was refused, or what there is to say of what was done.
  public var text: String?

  public init(
    command: MessageID, refusal: Refusal? = nil, field: String? = nil, text: String? = nil
  ) {
    self.command = command
    self.refusal = refusal
    self.field = field
    self.text = text
  }
}
