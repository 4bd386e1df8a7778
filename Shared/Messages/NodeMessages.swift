public import Base

public enum NodeState: String, Codable, Hashable, Sendable {
  case running
  /// Goes on with what it has, takes nothing new.
  case paused
  case draining
}

/// Sent every second from the loop that does the work, so that a program that hangs falls silent.
public struct Heartbeat: TelemetryMessage, Hashable {
  public static let type = "node.heartbeat"
  public var node: NodeID
  /// Which service it is, such as `recorder`.
  public var service: String
  public var version: String
  public var state: NodeState
  public var startedAt: Instant
  /// Moves with the work done; one that stands still while there is work means a hang.
  public var progress: Int64
  public var residentBytes: Int64
  /// `host:port` of its /healthz and /metrics.
  public var http: String?
  /// Recorders only.
  public var recorder: RecorderLoad?
  /// One sentence for each thing that is not well.
  public var faults: [String]

  public init(
    node: NodeID, service: String, version: String, state: NodeState, startedAt: Instant,
    progress: Int64, residentBytes: Int64, http: String? = nil, recorder: RecorderLoad? = nil,
    faults: [String] = []
  ) {
    self.node = node
    self.service = service
    self.version = version
    self.state = state
    self.startedAt = startedAt
    self.progress = progress
    self.residentBytes = residentBytes
    self.http = http
    self.recorder = recorder
    self.faults = faults
  }
}

/// A recorder's free capacity, and which desired set it holds.
public struct RecorderLoad: Codable, Hashable, Sendable {
  /// How many more streams it will take.
  public var freeCaptures: Int
  public var activeCaptures: Int
  public var diskFreeBytes: Int64
  public var desiredVersion: Int64
  public var desiredDigest: String
  /// What its settings call it, for streams that ask for tags; nil is none.
  public var tags: [String]?
  /// Runnable tasks for each core, over the last minute.
  public var load: Double?
  /// How fast its tapes grow, and when its disk will be full by that; nil where it is not foreseen.
  public var tapeBytesPerSecond: Int64?
  public var diskFullAt: Instant?

  public init(
    freeCaptures: Int, activeCaptures: Int, diskFreeBytes: Int64, desiredVersion: Int64,
    desiredDigest: String, tags: [String]? = nil, load: Double? = nil,
    tapeBytesPerSecond: Int64? = nil, diskFullAt: Instant? = nil
  ) {
    self.freeCaptures = freeCaptures
    self.activeCaptures = activeCaptures
    self.diskFreeBytes = diskFreeBytes
    self.desiredVersion = desiredVersion
    self.desiredDigest = desiredDigest
    self.tags = tags
    self.load = load
    self.tapeBytesPerSecond = tapeBytesPerSecond
    self.diskFullAt = diskFullAt
  }
}

/// The commands that every service takes, at its control socket and on the bus.
public enum ControlCommand: String, Codable, Hashable, Sendable, CaseIterable {
  case ping, pause, resume, stats, errors
}

public struct ControlRequest: TelemetryMessage, Hashable {
  public static let type = "node.control"
  public var id: MessageID
  public var command: ControlCommand

  public init(id: MessageID, command: ControlCommand) {
    self.id = id
    self.command = command
  }
}

public struct ControlReply: TelemetryMessage, Hashable {
  public static let type = "node.control.reply"
  public var id: MessageID
  public var node: NodeID
  /// JSON, as the control socket answers.
  public var body: String

  public init(id: MessageID, node: NodeID, body: String) {
    self.id = id
    self.node = node
    self.body = body
  }
}
