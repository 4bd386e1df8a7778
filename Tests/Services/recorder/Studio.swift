import Base
import Bus
import FoundationEssentials
import HTTPClient
import Media
import Messages
import Metrics
import Storage
import Subprocess
import Synchronization
import TestSupport

@testable import airloom_recorder

/// A recorder's parts in a folder of one test, without the bus. Making another one on the same
/// folder is a restart.
final class Studio: Sendable {
  let folder: TemporaryFolder
  let database: Database
  let outbox = Outbox()
  let client = HTTPClient()
  let time: any TimeSource
  private let statuses = Mutex<[CaptureStatus]>([])
  private let starts = Mutex<[Duration]>([])
  let logs: RecordingLogs

  static let scheduler = NodeID(unchecked: "scheduler")
  static let node = NodeID(unchecked: "recorder-1")

  /// Every status that a capture told, in order.
  var told: [CaptureStatus] { statuses.withLock { $0 } }
  /// How late windows were opened.
  var lateness: [Duration] { starts.withLock { $0 } }

  var tapeRoot: String { folder("tape") }
  var recordings: String { folder("recordings") }

  init(_ folder: TemporaryFolder? = nil, time: any TimeSource = SystemTimeSource()) throws {
    self.folder = try folder ?? TemporaryFolder()
    self.time = time
    database = try Database(
      path: self.folder("recorder-1.sqlite"),
      schemas: [BusSchema.schema, RecorderSchema.schema])
    logs = RecordingLogs(folder: self.folder("logs"))
    try Syscall.makeFolders(self.folder("tape"))
    try Syscall.makeFolders(self.folder("recordings"))
  }

  /// What a new process finds: this one's files as they are now. (One process holds a database's
  /// lock until it ends, so the files are copied.)
  convenience init(copyOf other: Studio) async throws {
    let folder = try TemporaryFolder()
    let copy = ChildCommand("cp", ["-a", other.folder.path + "/.", folder.path + "/"])
    let run = try await ChildProcess.run(copy, timeout: .seconds(20))
    guard run.exit.isSuccess else { throw TestFailure("cp failed: \(run.errorText)") }
    try self.init(folder)
  }

  func environment(
    disk: any TapeDisk = SystemDisk(), opener: (any SourceOpener)? = nil,
    memory: HeldMemory = HeldMemory()
  ) -> CaptureEnvironment {
    let logs = logs
    var settings = CaptureSettings()
    settings.segment = .seconds(1)
    return CaptureEnvironment(
      node: Self.node, root: tapeRoot, database: database,
      opener: opener ?? HTTPOpener(client: client), client: client, time: time, disk: disk,
      memory: memory, settings: settings,
      metrics: RecorderMetrics(MetricsRegistry()),
      log: { stream in Logger { logs.note(stream, $0) } },
      onStatus: { [weak self] status in self?.statuses.withLock { $0.append(status) } })
  }

  var artwork: String { folder("artwork") }

  func finisher(
    gate: FinishGate = FinishGate(),
    pools: DestinationPools = DestinationPools(), options: Finisher.Options = Finisher.Options(),
    reached: @escaping @Sendable (Finisher.Step) throws -> Void = { _ in }
  ) -> Finisher {
    Finisher(
      Finisher.Environment(
        tapeRoot: tapeRoot, folder: recordings, scheduler: Self.scheduler, database: database,
        outbox: outbox, time: time, logs: logs, metrics: RecorderMetrics(MetricsRegistry()),
        log: .silent, gate: gate, pools: pools, artwork: artwork, options: options),
      reached: reached)
  }

  func retention(
    _ policy: RetentionPolicy = RetentionPolicy(), root: String? = nil
  ) -> RetentionKeeper {
    RetentionKeeper(
      RetentionKeeper.Environment(
        root: root ?? tapeRoot, database: database, time: time, policy: policy,
        metrics: HealthMetrics(MetricsRegistry()), log: .silent))
  }

  func keeper(_ pool: CapturePool, lead: Duration = .seconds(1)) -> PlanKeeper {
    PlanKeeper(
      PlanKeeper.Environment(
        scheduler: Self.scheduler, database: database, outbox: outbox, time: time,
        finisher: finisher(), captures: pool, logs: logs, log: .silent,
        onStart: { [weak self] late in self?.starts.withLock { $0.append(late) } }),
      policy: PlanPolicy(lead: lead))
  }

  /// What the recorder said to the scheduler, by type.
  func said<Body: DurableMessage>(_ type: Body.Type) async throws -> [Body] {
    let bodies = try await database.read { transaction in
      try transaction.all(
        "SELECT body FROM bus_log WHERE channel = 'scheduler' AND type = ? ORDER BY sequence",
        Body.type
      ) { (row: borrowing Row) throws(StorageError) in try row.blob(0) }
    }
    return try bodies.map { try JSONDecoder().decode(Body.self, from: Data($0)) }
  }

  func segments(_ stream: StreamID) async throws -> [Segment] {
    try await database.read { try SegmentCatalog.from(stream, sequence: 0, $0) }
  }

  func gaps(_ stream: StreamID) async throws -> [Gap] {
    try await database.read {
      try GapCatalog.overlapping(stream, from: .epoch, to: .distantFuture, $0)
    }
  }

  /// The whole ledger of a stream until now.
  func account(_ stream: StreamID) async throws -> LedgerAccount {
    try await TapeLedger.account(of: stream, from: .epoch, to: time.now(), in: database)
  }

  /// The frames of the whole tape, in its order, as a test's source numbered them.
  func report(_ stream: StreamID, of frames: NumberedFrames) async throws -> NumberedReport {
    var bytes: [UInt8] = []
    for segment in try await segments(stream) {
      bytes += try DurableFile.read(tapeRoot + "/" + segment.path)
    }
    return NumberedReport(bytes, of: frames)
  }
}

extension StreamID {
  static let radio = StreamID(unchecked: "radio")
}

/// A plan for the test's stream.
func plan(
  _ job: String = "job-1", stream: StreamID = .radio, from start: Instant, to end: Instant,
  name: String = "Show", format: RecordingFormat = .source, token: Int64 = 1
) -> RecordingPlan {
  RecordingPlan(
    job: JobID(unchecked: job), token: token, stream: stream, start: start, end: end,
    paddedStart: start, paddedEnd: end, fileName: name, format: format,
    tags: RecordingTags(
      title: "2026-11-21 Show", artist: "Station", album: "Show", genre: "Talk",
      comment: "Made by a test"), date: "2026-11-21")
}
