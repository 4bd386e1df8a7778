import Base
import Messages
import Service
import Storage

/// What happens to tapes at the ends of the process: reconciled before anything is captured,
/// closed when everything else has stopped.
actor TapeComponent: ServiceComponent {
  nonisolated let name = "tape"
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "reconcile")
  private let root: String
  private let folders: MediaFolders
  private let volume: TapeVolume
  private let disk: MountedDisk
  private let health: HealthBoard
  private let database: Database
  private let captures: CapturePool
  private let finisher: Finisher
  private let retention: RetentionKeeper
  private let statuses: StatusOutbox
  private let node: NodeID
  private let lead: Duration
  private let log: Logger

  init(
    root: String, recordings: String, data: String, disk: MountedDisk, database: Database,
    captures: CapturePool, finisher: Finisher, retention: RetentionKeeper,
    statuses: StatusOutbox, node: NodeID, lead: Duration,
    health: HealthBoard, log: Logger
  ) {
    self.root = root
    folders = MediaFolders(folders: [root, recordings])
    volume = TapeVolume(root: root, dataFolder: data)
    self.disk = disk
    self.health = health
    self.database = database
    self.captures = captures
    self.finisher = finisher
    self.retention = retention
    self.statuses = statuses
    self.node = node
    self.lead = lead
    self.log = log
  }

  /// A folder that cannot be used now (a disk that is not mounted, say) does not keep the recorder
  /// from starting: captures say so and go on from memory for a while. What its disk holds is
  /// reconciled when it comes, before captures write to it.
  func start() async throws {
    await showFolders()
    try await reconcile()
    let now = SystemTimeSource().now()
    let lead = lead
    let streams = try await database.write { transaction in
      try TapeLedger.resume(at: now, lead: lead, transaction)
      return try RecordingCatalog.streams(transaction)
    }
    // Whatever was said of them before, now they are idle.
    for stream in streams {
      statuses.note(CaptureStatus(stream: stream.id, node: node, state: .idle, since: now))
    }
    // Before the plan: what came while nobody was here goes onto the tapes first.
    await captures.revive(streams)
  }

  func run() async throws {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(1))
      let wasPresent = disk.isPresent
      await showFolders(isLate: true)
      if !wasPresent, disk.isPresent { log.info("the tape's disk is there") }
    }
    await captures.stop()
    try await statuses.flush()
  }

  private func reconcile() async throws {
    guard disk.isPresent else { return }
    do {
      // Before, so that nothing on its way out is taken for a segment without a row.
      try await retention.finishRemovals()
      let report = try await TapeReconciler(root: root).run(database, log: log)
      log.info(
        "tapes reconciled", ("salvaged", report.salvaged), ("adopted", report.adopted),
        ("missing", report.missing), ("removed", report.removed))
      try await finisher.prepare()
    } catch let error as SystemError {
      log.error("the media folder cannot be used", ("reason", error))
    }
  }

  /// `isLate`: captures are at work, and wait for a disk that comes now until it is reconciled.
  private func showFolders(isLate: Bool = false) async {
    if let fault = folders.fault() {
      health.degraded("media", fault)
      return
    }
    do {
      switch volume.look(try await database.read { try VolumeCatalog.known($0) }) {
      case .same:
        try await bringBack(isLate)
      case .new(let known):
        try volume.write(known)
        try await database.write { try VolumeCatalog.store(known, $0) }
        try await bringBack(isLate)
      case .absent(let sentence):
        disk.setPresent(false)
        health.failed("media", sentence)
        return
      }
      health.ok("media")
    } catch {
      health.degraded("media", "The tape folder's mark cannot be kept: \(error).")
    }
  }

  private func bringBack(_ isLate: Bool) async throws {
    guard !disk.isPresent else { return }
    if isLate {
      let report = try await TapeReconciler(root: root).run(database, log: log)
      log.info("tapes reconciled late", ("salvaged", report.salvaged), ("adopted", report.adopted))
    }
    disk.setPresent(true)
  }
}
