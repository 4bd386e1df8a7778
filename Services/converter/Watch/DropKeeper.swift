internal import Base
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// Knows what lies in the watched folders, and follows each drop until it is complete.
///
/// A scan through all folders finds everything; the system's hints only make it sooner. What a scan
/// finds is compared with the catalogue, which is written only where something has changed. Nothing
/// that lies there is ever written to or opened for writing.
///
/// Everything in memory follows from the catalogue and the folders and is made anew after a restart;
/// the grace period then begins anew, which only costs time.
actor DropKeeper {
  struct Settings: Sendable {
    var folders: [DropPath]
    var isRecursive = true
    var rescan = Duration.seconds(30)
    /// Not entered: what we write ourselves.
    var ownFolders: [DropPath] = []
    var runFolder: String
    /// Before a drop that waits is looked at again.
    var look = Duration.seconds(1)
  }

  /// What the keeper tells the process around it.
  struct Surroundings: Sendable {
    /// Called now and then during what takes long.
    var isAlive: @Sendable () -> Void = {}
    /// After each step: one sentence for each folder that is not well, and what keeps drops from being
    /// inspected.
    var afterStep: @Sendable (_ folders: [String], _ fault: String?) -> Void = { _, _ in }
  }

  struct Watched: Sendable {
    let id: JobID
    var path: DropPath
    var watch: DropWatch
    var nextLook: Monotonic
    /// What the row says.
    var told: String?
    var toldAt: Monotonic
  }

  /// Drops that are followed at the same time; others are found again when there is room.
  static let mostOpen = 2000
  /// Rows of missing drops are kept that long: a disk that was away must not have all of its drops
  /// converted again.
  static let patience = Duration.seconds(30 * 86_400)
  /// A scan takes at most that part of the time.
  static let scanShare = 10

  let settings: Settings
  let policy: ReadinessPolicy
  let database: Database
  let book: ConversionBook
  let inspector = DropInspector()
  let logs: ConversionLogs
  let time: any TimeSource
  let log: Logger
  let surroundings: Surroundings
  private let signals: Signals
  private let metrics: ConverterMetrics
  private let thread = DedicatedThread(named: "drops")

  private var claims: [DropPath: FolderClaim] = [:]
  private var hints: FolderHints?
  private var nextScan: Monotonic
  /// Where the look for missing drops goes on.
  private var sweptThrough: Int64 = 0
  var watched: [JobID: Watched] = [:]
  /// What keeps drops from being inspected.
  var fault: String?

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(
    settings: Settings, policy: ReadinessPolicy, database: Database, book: ConversionBook,
    signals: Signals, logs: ConversionLogs, metrics: ConverterMetrics, time: any TimeSource,
    log: Logger, surroundings: Surroundings
  ) {
    self.settings = settings
    self.policy = policy
    self.database = database
    self.book = book
    self.signals = signals
    self.logs = logs
    self.metrics = metrics
    self.time = time
    self.log = log
    self.surroundings = surroundings
    nextScan = time.monotonic()
  }

  /// Works until the task is cancelled.
  func run() async throws {
    let signals = signals
    let isLost = OverflowFlag()
    hints = FolderHints(
      onHint: { signals.look(at: $0) },
      onOverflow: {
        isLost.set()
        signals.look()
      })
    hints?.start()
    defer { hints?.stop() }
    await signals.looks.takeTurns {
      if isLost.take() { nextScan = time.monotonic() }
      return await step()
    }
  }

  /// Looks at what is due, once; answers how long nothing will be.
  private func step() async -> Duration {
    let asked = signals.takeAsked()
    let faults = claimFolders()
    do {
      if time.monotonic() >= nextScan {
        try await scan()
      } else {
        try await take(asked)
      }
      try await followOpen()
      surroundings.afterStep(faults, fault)
    } catch {
      // Whatever was not stored is found again.
      log.error("drops cannot be followed", ("reason", "\(error)"))
      surroundings.afterStep(faults, "drops cannot be followed: \(error)")
      nextScan = time.monotonic() + settings.rescan
    }
    let now = time.monotonic()
    let next = watched.values.map(\.nextLook).min().map { min($0, nextScan) } ?? nextScan
    return max(.milliseconds(20), min(.seconds(5), next - now))
  }

  // MARK: - Folders

  /// Holds the folders that are there; one sentence for each that is not well.
  private func claimFolders() -> [String] {
    var faults: [String] = []
    for folder in settings.folders {
      if claims[folder]?.isCurrent == true { continue }
      claims[folder] = nil
      do throws(FolderClaim.Failure) {
        claims[folder] = try FolderClaim(folder, runFolder: settings.runFolder)
        // It has just appeared, or come back.
        nextScan = time.monotonic()
      } catch {
        switch error {
        case .missing(let why):
          faults.append(
            "\(folder.text) cannot be watched (\(why.reason)): make it, or mount it, and let the "
              + "converter's user read it")
        case .taken:
          faults.append(
            "\(folder.text) is watched by another converter already: take it out of one's folders")
        }
      }
    }
    return faults
  }

  /// Whether the path lies in a folder that is there and ours, so that a missing file is really gone.
  func isWatched(_ path: DropPath) -> Bool {
    claims.contains { path.isInside($0.key) && $0.value.isCurrent }
  }

  private func isOwn(_ path: DropPath) -> Bool {
    settings.ownFolders.contains { $0 == path || path.isInside($0) }
  }

  private func scan() async throws {
    let start = time.monotonic()
    var count = 0
    for folder in claims.keys.sorted(by: { $0.text < $1.text }) {
      // One inside another is looked through with that one.
      if settings.isRecursive, claims.keys.contains(where: { folder.isInside($0) }) { continue }
      count += try await look(through: folder, mayBeLink: true)
    }
    try await sweep()
    let took = time.monotonic() - start
    metrics.scan.set(took.inSeconds)
    metrics.known.set(count)
    nextScan = time.monotonic() + max(settings.rescan, took * Self.scanShare)
  }

  private func look(through folder: DropPath, mayBeLink: Bool) async throws -> Int {
    let hints = hints
    guard
      let walker = try? FolderWalker(
        folder, mayBeLink: mayBeLink, isRecursive: settings.isRecursive,
        isSkipped: { [self] in isOwn($0) },
        onFolder: { hints?.watch($0, $1) })
    else { return 0 }
    var count = 0
    while case let found = walker.next(500), !found.isEmpty {
      count += found.count
      try await enter(found)
      surroundings.isAlive()
      if Task.isCancelled { break }
    }
    return count
  }

  /// Paths where something happened.
  private func take(_ asked: Set<DropPath>) async throws {
    var found: [FolderWalker.Found] = []
    for path in asked where isWatched(path) && !isOwn(path) {
      if let identity = FileIdentity.of(path) {
        if DropRules.isDrop(path.name) {
          found.append(FolderWalker.Found(path: path, identity: identity))
        }
      } else if settings.isRecursive, DropRules.isEntered(path.name) {
        // Made or moved here a moment ago: a folder, or a link, which leads nowhere.
        _ = try await look(through: path, mayBeLink: false)
      }
    }
    try await enter(found)
    for id in watched.keys where asked.contains(watched[id]?.path ?? DropPath(bytes: [])) {
      watched[id]?.nextLook = time.monotonic()
    }
  }

  // MARK: - What was found

  private func enter(_ found: [FolderWalker.Found]) async throws {
    let news = try await database.read { transaction in
      try found.filter { file in
        guard let known = try ConversionCatalog.known(at: file.path, transaction) else {
          return true
        }
        return Self.isNews(file.identity, known)
      }
    }
    guard !news.isEmpty else { return }
    let room = Self.mostOpen - watched.count
    let book = book
    try await database.write { transaction in
      for (index, file) in news.enumerated() {
        try Self.take(file, mayEnter: index < room, book, transaction)
      }
    }
  }

  private static func isNews(_ identity: FileIdentity, _ known: ConversionCatalog.Known) -> Bool {
    switch known.state {
    case .growing, .converting, .verifying: false
    case .queued: known.identity != identity
    case .vanished: true
    case .converted, .failed: known.isGone || !identity.isSameContent(as: known.identity)
    }
  }

  private static func take(
    _ file: FolderWalker.Found, mayEnter: Bool, _ book: ConversionBook,
    _ transaction: Transaction
  ) throws {
    guard let row = try ConversionCatalog.current(at: file.path, transaction) else {
      if try rename(file, book, transaction) || !mayEnter { return }
      _ = try book.enter(file.path, file.identity, transaction)
      return
    }
    switch row.standing.state {
    case .growing, .converting, .verifying: return
    case .queued:
      if row.identity != file.identity {
        try book.apply(.changed, to: row, transaction) { $0.identity = file.identity }
      }
    case .vanished:
      try book.apply(.renamed, to: row, transaction) { $0.identity = file.identity }
    case .converted, .failed:
      if file.identity.isSameContent(as: row.identity) {
        try ConversionCatalog.setFound(file.path, transaction)
      } else if mayEnter {
        _ = try book.enter(file.path, file.identity, transaction)
      }
    }
  }

  /// A file that is known under a name that is no more; true where that explains this one.
  private static func rename(
    _ file: FolderWalker.Found, _ book: ConversionBook, _ transaction: Transaction
  ) throws -> Bool {
    for row in try ConversionCatalog.all(of: file.identity, transaction)
    where FileIdentity.of(row.path) == nil && row.pendingAfter == nil {
      guard row.standing.state != .converting, row.standing.state != .verifying else { return true }
      try book.apply(.renamed, to: row, transaction) { $0.path = file.path }
      return true
    }
    return false
  }

  /// Looks at a portion of what has ended: whether it is still there. Rows of what has long been gone
  /// are forgotten.
  private func sweep() async throws {
    let behind = sweptThrough
    let portion = try await database.read {
      try ConversionCatalog.ended(after: behind, limit: 1000, $0)
    }
    sweptThrough = portion.count < 1000 ? 0 : portion.last?.number ?? 0
    let now = time.now()
    let gone = portion.filter { isWatched($0.path) && FileIdentity.of($0.path) == nil }
    let new = gone.filter { $0.goneAt == nil }.map(\.number)
    let old = gone.filter { $0.goneAt.map { now - $0 > Self.patience } ?? false }.map(\.number)
    guard !new.isEmpty || !old.isEmpty else { return }
    try await database.write { transaction in
      try ConversionCatalog.setGone(new, at: now, transaction)
      try ConversionCatalog.forget(old, transaction)
    }
  }
}
