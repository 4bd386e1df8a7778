import Base
import Bus
import Configuration
import HTTPClient
import Media
import Messages
import Metrics
import Service
import Storage

/// The recorder's table of contents: which message goes where, and who does the work.
///
/// - `PlanKeeper`: opens and closes windows by the stored plan, on its own clock
/// - `CapturePool`: the streams' connections and tapes
/// - `Finisher`: recordings' files
/// - `TapeDesk`: hands tapes out over HTTP
/// - `HealthKeeper`, `RetentionKeeper`: room, memory, and how well each stream is captured
/// - `TapeReconciler`: brings disk and database together at the start
struct RecorderService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, RecorderSchema.schema]
  static let scheduler = NodeID(unchecked: "scheduler")

  let handlers: BusHandlers
  let keeper: PlanKeeper
  let captures: CapturePool
  let finisher: Finisher
  /// nil where connections end with this process.
  private let ingest: IngestOpener?
  private let tapes: TapeDesk
  private let tests: SourceTestDesk
  private let database: Database
  private let statuses: StatusOutbox
  private let metrics: RecorderMetrics
  private let retention: RetentionKeeper
  private let health: HealthKeeper
  private let tapeRoot: String
  private let disk: MountedDisk
  private let host: ServiceHost

  init(_ host: ServiceHost, database: Database, outbox: Outbox, tapeRoot: String) {
    self.host = host
    self.database = database
    let time = SystemTimeSource()
    let metrics = RecorderMetrics(host.metrics)
    let log = host.log
    let logs = RecordingLogs(folder: host.home.recordingLogs, time: time)
    let statuses = StatusOutbox(database: database, outbox: outbox, scheduler: Self.scheduler)
    self.tapeRoot = tapeRoot
    let care = RecorderCare(host, database: database, root: tapeRoot, time: time)
    let client = HTTPClient(
      addresses: host.settings.recorder.isPublicOnly ? .publicInternet : .all,
      certificates: host.settings.recorder.caFile, time: time)
    let direct = SourceRouter(host.settings.recorder, client: client, time: time)
    let disk = MountedDisk(care.disk)
    self.disk = disk
    ingest =
      host.settings.recorder.hasIngest
      ? IngestOpener(
        IngestPlace(
          home: host.home, node: host.node,
          settings: host.settingsFile.isRequired ? host.settingsFile.path : nil),
        direct: direct, log: log, time: time) : nil
    captures = CapturePool(
      CaptureEnvironment(
        node: host.node, root: tapeRoot, database: database, opener: ingest ?? direct,
        client: client, time: time, disk: disk,
        memory: HeldMemory(
          limit: HeldBudget.limit(
            mebibytes: host.settings.recorder.heldMebibytes, of: MemoryReader().read())),
        settings: CaptureSettings(host.settings.recorder),
        metrics: metrics,
        log: { stream in log.with(("stream", stream)).also { logs.note(stream, $0) } },
        onStatus: { statuses.note($0) }))
    tests = SourceTestDesk(
      tester: SourceTester(
        opener: direct, client: client, pages: PageSettings(host.settings.recorder).pages,
        connectTimeout: host.settings.recorder.connectTimeout, time: time),
      tokenPath: host.home.tapeToken)
    tapes = TapeDesk(
      node: host.node, root: tapeRoot, tokenPath: host.home.tapeToken, database: database)
    finisher = Finisher(
      Finisher.Environment(
        tapeRoot: tapeRoot, folder: host.home.recordings(host.settings),
        scheduler: Self.scheduler, database: database, outbox: outbox, time: time, logs: logs,
        metrics: metrics, log: log, gate: care.gate,
        pools: DestinationPools(host.settings.recorder),
        artwork: host.home.artwork(host.settings),
        options: Finisher.Options(host.settings.recorder)))
    for problem in DestinationPools(host.settings.recorder).problems {
      log.error("a pool cannot be used", ("reason", problem))
    }
    keeper = PlanKeeper(
      PlanKeeper.Environment(
        scheduler: Self.scheduler, database: database, outbox: outbox, time: time,
        finisher: finisher, captures: captures, logs: logs, log: log,
        onStart: { metrics.lateness.observe($0) }),
      policy: PlanPolicy(lead: host.settings.recorder.lead))
    let desk = PlanDesk(
      keeper: keeper, finisher: finisher, outbox: outbox, scheduler: Self.scheduler, time: time)
    var handlers = BusHandlers()
    desk.register(in: &handlers)
    self.handlers = handlers
    retention = care.retention
    health = care.keeper(captures)
    self.metrics = metrics
    self.statuses = statuses
  }

  /// In the order in which they start; they end in the opposite one, so that tapes are closed after
  /// the plan stopped, and what is said last still reaches the log.
  func components(_ bus: BusComponent) -> [any ServiceComponent] {
    // Made now, so that whoever copies it to another host finds it.
    do {
      _ = try TapeToken.load(host.home.tapeToken)
    } catch {
      host.log.warning("tapes cannot be read by others", ("reason", error))
    }
    host.serve(connections: TapeDesk.connectionLimit, threads: 2) { [tapes, tests] router in
      tapes.addRoutes(to: &router)
      tests.addRoutes(to: &router)
    }
    let holding = ingest.map { IngestComponent($0, metrics: host.metrics, health: host.health) }
    return [bus] + (holding.map { [$0] } ?? []) + [
      TapeComponent(
        root: tapeRoot, recordings: host.home.recordings(host.settings),
        data: DurableFile.folder(of: host.home.database(of: host.node)), disk: disk,
        database: database, captures: captures, finisher: finisher, retention: retention,
        statuses: statuses, node: host.node, lead: host.settings.recorder.lead,
        health: host.health, log: host.log),
      LoopComponent("plan") { try await keep() },
      LoopComponent("health") { [health] in await health.run() },
      LoopComponent("ledger") {
        await LedgerWatch(
          database: database, metrics: metrics, log: host.log, time: SystemTimeSource()
        ).run()
      },
      LoopComponent("pulse") {
        await RecorderPulse(
          host: host, database: database, keeper: keeper, captures: captures,
          statuses: statuses, metrics: metrics
        ).run()
      },
    ]
  }

  /// What each heartbeat tells the scheduler.
  func load() async -> RecorderLoad {
    let held = try? await database.read { try RecordingCatalog.desiredSet($0) }
    let active = captures.activeCount
    let outlook = await health.outlook
    return RecorderLoad(
      freeCaptures: max(0, host.settings.recorder.maximumCaptures - active),
      activeCaptures: active, diskFreeBytes: FolderListing.freeBytes(at: tapeRoot) ?? 0,
      desiredVersion: held?.version ?? 0, desiredDigest: held?.digest ?? "",
      tags: host.settings.recorder.tags.isEmpty ? nil : host.settings.recorder.tags,
      load: MachineLoad.perCore(), tapeBytesPerSecond: outlook.tapeBytesPerSecond,
      diskFullAt: outlook.diskFullAt)
  }

  private func keep() async throws {
    let keeper = keeper
    host.state.onChange { state in
      Task { await keeper.setPaused(state != .running) }
    }
    try await keeper.run()
  }
}
