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
