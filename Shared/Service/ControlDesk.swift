internal import Base
internal import CShims
internal import FoundationEssentials
internal import Glibc
public import Messages
internal import Synchronization

/// Answers what people and peers ask of a running service: how it is, and the five control commands
/// (`ControlCommand`), the same at its socket and on the bus.
public final class ControlDesk: Sendable {
  private let service: String
  private let node: NodeID
  private let state: ServiceState
  private let health: HealthBoard
  private let progress: ProgressBoard
  private let errors: ErrorRing
  private let startedAt: Instant
  private let startedAtMonotonic: Monotonic
  private let time = SystemTimeSource()
  private let address = Mutex<(own: String?, announced: String?)>((nil, nil))
  private let numbers = Mutex<[String: @Sendable () -> Double]>([:])

  init(
    service: String, node: NodeID, state: ServiceState, health: HealthBoard,
    progress: ProgressBoard, errors: ErrorRing
  ) {
    self.service = service
    self.node = node
    self.state = state
    self.health = health
    self.progress = progress
    self.errors = errors
    startedAt = time.now()
    startedAtMonotonic = time.monotonic()
  }

  /// Adds a number to `stats`; asked whenever somebody looks, so it must be quick.
  public func number(_ name: String, _ read: @escaping @Sendable () -> Double) {
    numbers.withLock { $0[name] = read }
  }

  /// `host:port` where the service answers HTTP; nil before it does.
  public var http: String? { address.withLock { $0.own } }

  /// `announced` is the address for those who are elsewhere.
  public func listens(at own: String?, announced: String? = nil) {
    address.withLock { $0 = (own, announced ?? own) }
  }

  public var healthReport: HealthReport {
    HealthReport(
      status: health.worst, service: service, node: node, version: ServiceVersion.text,
      state: state.current, uptimeSeconds: uptimeSeconds, components: health.all)
  }

  /// JSON.
  public var healthJSON: [UInt8] { encoded(healthReport) }

  /// Does the command and answers JSON.
  public func answer(_ command: ControlCommand) -> [UInt8] {
    switch command {
    case .ping: encoded(ControlAnswer(node: node, state: state.current))
    case .pause: encoded(change(to: .paused))
    case .resume: encoded(change(to: .running))
    case .stats: encoded(stats)
    case .errors: encoded(ErrorsReport(node: node, lines: errors.all))
    }
  }

  /// What this service says of itself every second.
  public func heartbeat(recorder: RecorderLoad? = nil) -> Heartbeat {
    Heartbeat(
      node: node, service: service, version: ServiceVersion.text, state: state.current,
      startedAt: startedAt, progress: progress.total, residentBytes: airloom_resident_bytes(),
      http: address.withLock { $0.announced }, recorder: recorder, faults: health.faults)
  }

  private func change(to wanted: NodeState) -> ControlAnswer {
    let isDone = state.set(wanted)
    return ControlAnswer(
      node: node, state: state.current,
      refusal: isDone ? nil : "the service is ending; start it again to change that")
  }

  private var stats: StatsReport {
    StatsReport(
      service: service, node: node, version: ServiceVersion.text, state: state.current,
      pid: getpid(), startedAt: startedAt, uptimeSeconds: uptimeSeconds,
      residentBytes: airloom_resident_bytes(), progress: progress.total, http: http,
      faults: health.faults, numbers: numbers.withLock { $0 }.mapValues { $0() })
  }

  private var uptimeSeconds: Int64 { Int64((time.monotonic() - startedAtMonotonic).inSeconds) }

  private func encoded(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // These types hold nothing that JSON cannot (numbers are checked by their makers).
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("a report could not be written as JSON")
    }
    return Array(data)
  }
}
