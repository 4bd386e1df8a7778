public import Base

/// How far the work on one drop has come.
public enum ConversionState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Found, and not known to be complete: it grows, somebody has it open, or it is not whole.
  case growing
  /// Complete; waits for a worker.
  case queued
  case converting
  /// The output is written under a temporary name and is being compared with the drop.
  case verifying
  /// The output is under its final name, checked.
  case converted
  /// Set aside with its reason, until a person asks for another try or the drop changes.
  case failed
  /// The drop went away before it was converted.
  case vanished

  public var isFinal: Bool {
    switch self {
    case .converted, .failed, .vanished: true
    case .growing, .queued, .converting, .verifying: false
    }
  }
}

/// A file that a PVR left in a watched folder, and what has become of it.
public struct Conversion: Codable, Hashable, Sendable {
  /// Derived from the drop's path, device, inode, size and time of change: the same file found again
  /// is the same conversion, a rewritten one is another.
  public var id: JobID
  /// The converter that watches the folder.
  public var node: NodeID
  /// Absolute, on that converter's host.
  public var path: String
  /// The last part of the path, in valid UTF-8 (bytes that are not are replaced).
  public var name: String
  public var bytes: Int64
  public var state: ConversionState
  /// One sentence, where the state needs one: what it still waits for, why it failed.
  public var reason: String?
  /// True where a person called it off: `failed` that nobody needs to be told of.
  public var isCancelled: Bool?
  /// Tries that were begun.
  public var attempts: Int
  /// What ffprobe said of the drop, such as `mpeg2video 720×576, mp2 2 channels`.
  public var source: String?
  /// The length that the drop was found to have, in microseconds.
  public var durationUs: Int64?
  public var file: FinishedFile?
  public var captions: ConversionCaptions?
  public var foundAt: Instant
  public var startedAt: Instant?
  public var updatedAt: Instant

  public init(
    id: JobID, node: NodeID, path: String, name: String, bytes: Int64, state: ConversionState,
    reason: String? = nil, isCancelled: Bool? = nil, attempts: Int = 0, source: String? = nil,
    durationUs: Int64? = nil, file: FinishedFile? = nil, captions: ConversionCaptions? = nil,
    foundAt: Instant, startedAt: Instant? = nil, updatedAt: Instant
  ) {
    self.id = id
    self.node = node
    self.path = path
    self.name = name
    self.bytes = bytes
    self.state = state
    self.reason = reason
    self.isCancelled = isCancelled
    self.attempts = attempts
    self.source = source
    self.durationUs = durationUs
    self.file = file
    self.captions = captions
    self.foundAt = foundAt
    self.startedAt = startedAt
    self.updatedAt = updatedAt
  }
}

/// What was found of a drop's captions.
public struct ConversionCaptions: Codable, Hashable, Sendable {
  public enum Tool: String, Codable, Hashable, Sendable, CaseIterable { case ccextractor, ffmpeg }

  public var tool: Tool
  /// The .srt file; nil where the drop has no captions.
  public var path: String?
  public var cues: Int
  /// One sentence where they could not be read; the picture is converted all the same.
  public var fault: String?

  public init(tool: Tool, path: String? = nil, cues: Int = 0, fault: String? = nil) {
    self.tool = tool
    self.path = path
    self.cues = cues
    self.fault = fault
  }
}

/// A converter's account of a drop, said to the scheduler, which passes it on as `ConversionChanged`
/// to those who follow it: converters bind nothing.
public struct ConversionReported: DurableMessage, Hashable {
  public static let type = "conversion.reported"
  public var conversion: Conversion
  /// Where the output is to be sent once it is there.
  public var destinations: [DestinationID]

  public init(conversion: Conversion, destinations: [DestinationID] = []) {
    self.conversion = conversion
    self.destinations = destinations
  }
}

public struct ConversionChanged: DurableMessage, Hashable {
  public static let type = "conversion.changed"
  public var id: JobID
  /// nil once it is forgotten.
  public var conversion: Conversion?

  public init(id: JobID, conversion: Conversion?) {
    self.id = id
    self.conversion = conversion
  }
}

public struct ConversionProgress: TelemetryMessage, Hashable {
  public static let type = "conversion.progress"
  public var id: JobID
  /// Of the drop's time, in microseconds.
  public var doneUs: Int64
  public var totalUs: Int64
  /// Media time by wall time: 2 is twice as fast as it plays.
  public var speed: Double?

  public init(id: JobID, doneUs: Int64, totalUs: Int64, speed: Double? = nil) {
    self.id = id
    self.doneUs = doneUs
    self.totalUs = totalUs
    self.speed = speed
  }
}

/// Tries a failed conversion again, or a converted one anew; given to the scheduler, which passes it
/// on to the converter that has the drop.
public struct RetryConversion: CommandMessage, Hashable {
  public static let type = "conversion.retry"
  public var conversion: JobID

  public init(conversion: JobID) { self.conversion = conversion }
}

/// Stops a conversion that is waiting or running and sets it aside; the drop stays.
public struct CancelConversion: CommandMessage, Hashable {
  public static let type = "conversion.cancel"
  public var conversion: JobID

  public init(conversion: JobID) { self.conversion = conversion }
}
