import Base
import Configuration
import FoundationEssentials
import Messages
import Metrics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Bus
@testable import airloom_scheduler

/// A scheduler with a real database, a clock that the test moves, and no network: what is said to it
/// goes straight to its handlers, what it says is read from its log.
final class SchedulerBench {
  let folder: TemporaryFolder
  /// 2026-11-21T12:00:00Z, a Saturday.
  let time = ManualTimeSource(now: Instant(seconds: 1_795_262_400))
  private var process: (database: Database, service: SchedulerService)?
  private var loads: [NodeID: RecorderLoad] = [:]
  private(set) var metrics = MetricsRegistry()
  let switches = Switches()

  /// What the process around it would do.
  final class Switches: Sendable {
    /// Whether it may take new work.
    let isRunning = Mutex(true)
    /// What it said last that keeps it from working.
    let fault = Mutex<String?>(nil)
  }

  static let gateway = NodeID(unchecked: "gateway")
  static let radio = StreamID(unchecked: "radio")

  private let zones: TimeZoneLibrary
  private let limit: Int

  init(zones: TimeZoneLibrary = TimeZoneLibrary(), limit: Int = 0) throws {
    folder = try TemporaryFolder()
    self.limit = limit
    self.zones = zones
    try start()
  }

  /// Everything in memory is gone, as after kill -9; the file stays.
  func crash() throws {
    process = nil
    loads = [:]
    try start()
  }

  private func start() throws {
    let database = try Database(
      path: folder("scheduler.sqlite"), schemas: SchedulerService.schemas)
    var settings = Settings().scheduler
    settings.zone = "Europe/Berlin"
    settings.recorderLostAfter = .seconds(15)
    settings.maximumRecordings = limit
    var surroundings = Scheduler.Surroundings()
    surroundings.takesNewWork = { [switches] in switches.isRunning.withLock { $0 } }
    surroundings.afterStep = { [switches] text in switches.fault.withLock { $0 = text } }
    metrics = MetricsRegistry()
    let service = try SchedulerService(
      settings: settings, database: database, outbox: Outbox(time: time),
      metrics: metrics, surroundings: surroundings, zones: zones, time: time, log: .silent)
    process = (database, service)
  }

  var database: Database {
    get throws { try #require(process).database }
  }

  var service: SchedulerService {
    get throws { try #require(process).service }
  }

  func step() async throws { try await service.scheduler.step() }

  func advance(_ duration: Duration) { time.advance(by: duration) }

  // MARK: Saying something to it

  @discardableResult
  func command(
    _ body: some CommandMessage, id: MessageID = .random()
  ) async throws -> CommandOutcome {
    try await deliver(body, from: Self.gateway, id: id)
    let outcomes = try await said(CommandOutcome.self).map(\.message)
    return try #require(outcomes.last { $0.command == id })
  }

  func event(
    _ body: some DurableMessage, from node: NodeID, id: MessageID = .random()
  ) async throws {
    try await deliver(body, from: node, id: id)
  }

  private func deliver<Body: DurableMessage>(
    _ body: Body, from node: NodeID, id: MessageID
  ) async throws {
    let apply = try #require(service.handlers.durable[Body.type])
    let bytes = try Array(JSONEncoder().encode(body))
    let received = Received(id: id, from: node, correlation: nil, createdAt: time.now())
    try await database.write { try apply(bytes, received, $0) }
  }

  /// A heartbeat of a recorder that holds the set that it was last told.
  func heartbeat(
    _ node: NodeID, captures: Int = 10, state: NodeState = .running, disk: Int64 = 1 << 40
  ) async throws {
    if let set = try await said(DesiredSet.self).last(where: { $0.to == node.text })?.message,
      set.version > loads[node]?.desiredVersion ?? 0
    {
      loads[node] = RecorderLoad(
        freeCaptures: 0, activeCaptures: 0, diskFreeBytes: 0, desiredVersion: set.version,
        desiredDigest: set.digest)
    }
    try heartbeat(
      node,
      load: RecorderLoad(
        freeCaptures: captures, activeCaptures: 0, diskFreeBytes: disk,
        desiredVersion: loads[node]?.desiredVersion ?? 0,
        desiredDigest: loads[node]?.desiredDigest ?? ""), state: state)
  }

  func heartbeat(_ node: NodeID, load: RecorderLoad, state: NodeState = .running) throws {
    let heartbeat = Heartbeat(
      node: node, service: "recorder", version: "test", state: state, startedAt: .epoch,
      progress: 0, residentBytes: 0, recorder: load)
    let hear = try #require(service.handlers.telemetry[Heartbeat.type])
    try hear(
      try Array(JSONEncoder().encode(heartbeat)), Heard(from: node, apparentOffset: .zero))
  }

  // MARK: What it said and keeps

  struct Said<Body: Sendable>: Sendable {
    /// A node's name, or `*`.
    let to: String
    let message: Body
  }

  /// Everything of a type that it has said since the database was made.
  func said<Body: DurableMessage>(_ type: Body.Type) async throws -> [Said<Body>] {
    let rows = try await database.read { transaction in
      try transaction.all(
        "SELECT channel, body FROM bus_log WHERE type = ? ORDER BY sequence", type.type
      ) { row throws(StorageError) in (try row.text(0), try row.blob(1)) }
    }
    return try rows.map { channel, bytes in
      Said(to: channel, message: try JSONDecoder().decode(Body.self, from: Data(bytes)))
    }
  }

  /// The ids under which messages of a type were said.
  func ids<Body: DurableMessage>(of type: Body.Type) async throws -> [MessageID] {
    try await database.read { transaction in
      try transaction.all(
        "SELECT id FROM bus_log WHERE type = ? ORDER BY sequence", type.type
      ) { row throws(StorageError) in try row.identifier(0) }
    }
  }

  /// The set that a recorder was last sent.
  func desired(_ node: NodeID) async throws -> DesiredSet? {
    try await said(DesiredSet.self).last { $0.to == node.text }?.message
  }

  func recordings() async throws -> [ScheduledRecording] {
    try await database.read { try RecordingCatalog.newest(100_000, $0) }
  }

  func only() async throws -> ScheduledRecording {
    let all = try await recordings()
    #expect(all.count == 1)
    return try #require(all.first)
  }

  func find(_ id: JobID) async throws -> Recording {
    try #require(try await database.read { try RecordingCatalog.find(id, $0) }).recording
  }

  // MARK: What tests begin with

  func addStream(_ id: StreamID = SchedulerBench.radio) async throws {
    let outcome = try await command(
      PutStream(
        stream: StreamDefinition(id: id, name: "Radio", urls: ["http://127.0.0.1:1/live"]),
        mustBeNew: true))
    #expect(outcome.refusal == nil)
  }

  static func schedule(
    _ id: String = "show", _ cron: String = "0 20 * * *", zone: String = "UTC",
    seconds: Int = 3600, stream: StreamID = SchedulerBench.radio
  ) -> ScheduleDefinition {
    ScheduleDefinition(
      id: ScheduleID(unchecked: id), name: "Show", stream: stream,
      rule: .cron(expression: cron, zone: zone, both: false), durationSeconds: seconds,
      destinations: [DestinationID(unchecked: "archive")])
  }

  static func once(
    _ id: String = "once", at start: Instant, seconds: Int = 60
  ) -> ScheduleDefinition {
    ScheduleDefinition(
      id: ScheduleID(unchecked: id), name: "Once", stream: SchedulerBench.radio,
      rule: .once(start: start),
      durationSeconds: seconds, destinations: [DestinationID(unchecked: "archive")])
  }

  @discardableResult
  func put(_ schedule: ScheduleDefinition) async throws -> CommandOutcome {
    try await command(PutSchedule(schedule: schedule, mustBeNew: false))
  }

  /// A stream, a recorder, and a one-shot that starts in a minute, assigned to it.
  func assigned(to node: NodeID = SchedulerBench.recorder1) async throws -> ScheduledRecording {
    try await addStream()
    try await heartbeat(node)
    try await put(Self.once(at: time.now() + .seconds(60)))
    try await step()
    let entry = try await only()
    #expect(entry.recording.state == .assigned)
    return entry
  }

  static let recorder1 = NodeID(unchecked: "recorder-1")
  static let recorder2 = NodeID(unchecked: "recorder-2")

  static func file(_ name: String = "show.mp3") -> FinishedFile {
    FinishedFile(
      path: "/media/recordings/\(name)", name: name, bytes: 1000,
      sha256: String(repeating: "a", count: 64), contentType: "audio/mpeg",
      durationUs: 60_000_000, gaps: [])
  }
}
