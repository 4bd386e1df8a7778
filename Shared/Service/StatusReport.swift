public import Base
public import Messages

/// What GET /healthz answers.
public struct HealthReport: Codable, Sendable, Hashable {
  /// The worst of the components.
  public var status: HealthBoard.Condition
  public var service: String
  public var node: NodeID
  public var version: String
  public var state: NodeState
  public var uptimeSeconds: Int64
  public var components: [String: HealthBoard.Entry]
}

/// What the control commands ping, pause and resume answer.
public struct ControlAnswer: Codable, Sendable, Hashable {
  public var node: NodeID
  public var state: NodeState
  /// Why nothing was done; nil when it was.
  public var refusal: String?
}

/// What the control command `stats` answers.
public struct StatsReport: Codable, Sendable, Hashable {
  public var service: String
  public var node: NodeID
  public var version: String
  public var state: NodeState
  public var pid: Int32
  public var startedAt: Instant
  public var uptimeSeconds: Int64
  public var residentBytes: Int64
  /// Moves while work is done.
  public var progress: Int64
  /// `host:port` of /healthz and /metrics; nil where there is none.
  public var http: String?
  public var faults: [String]
  /// What the service itself has to say.
  public var numbers: [String: Double]
}

/// What the control command `errors` answers.
public struct ErrorsReport: Codable, Sendable, Hashable {
  public var node: NodeID
  /// The last warnings and errors, the oldest first.
  public var lines: [ErrorRing.Line]
}
