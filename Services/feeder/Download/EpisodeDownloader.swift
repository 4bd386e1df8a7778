internal import Base
internal import HTTPClient
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// The loop that downloads episodes: chooses what is due, counts the try, lets a `DownloadWorker` carry
/// it out, gives the file its name, and stores what came of it.
///
/// On kill -9:
/// - before the try is counted nothing has happened;
/// - while bytes come, they lie under a hidden name, and the next try goes on there;
/// - when the file is whole and checked, the name that it is to have is stored before it gets it: the
///   next start finds the file under one name or the other, by its hash, and finishes;
/// - the row says `archived`, and the file is said and sent, in one transaction after that.
actor EpisodeDownloader {
  struct Limits: Sendable {
    var downloads = 3
    var perHost = 2
    /// Bytes of one file.
    var largest: Int64 = 16 << 30
    /// Below so many free bytes nothing is begun; 0: whatever is free.
    var reserve: Int64 = 0
  }

  private static let longestWait = Duration.seconds(5)

  private let database: Database
  private let book: FeederBook
  private let signals: Signals
  private let limits: Limits
  private let folder: String
  private let makeWorker: @Sendable (Int) -> DownloadWorker
  private let metrics: FeederMetrics
  private let pace: Pace
  private let time: any TimeSource
  private let log: Logger
  private let onProgress: @Sendable (EpisodeProgress) -> Void
  private let afterStep: @Sendable (String?) -> Void

  private var running: [EpisodeID: String] = [:]
  private var tasks: [EpisodeID: Task<Void, Never>] = [:]
  private var idle: [DownloadWorker] = []
  private var workers = 0
  private var isStopping = false
  /// The server of the last one that was begun: the others have their turn.
  private var lastHost = ""

  init(
    database: Database, book: FeederBook, limits: Limits, folder: String, metrics: FeederMetrics,
    pace: Pace, time: any TimeSource, log: Logger,
    makeWorker: @escaping @Sendable (Int) -> DownloadWorker,
    onProgress: @escaping @Sendable (EpisodeProgress) -> Void,
    afterStep: @escaping @Sendable (String?) -> Void
  ) {
    self.database = database
    self.book = book
    signals = book.signals
    self.limits = limits
    self.folder = folder
    self.makeWorker = makeWorker
    self.metrics = metrics
    self.pace = pace
    self.time = time
    self.log = log
    self.onProgress = onProgress
    self.afterStep = afterStep
  }

  /// Works until the task is cancelled; then stops the downloads, stores that they were stopped, and
  /// returns.
  ///
  /// - Throws: `StorageError` when the first look at the catalogue fails.
  func run() async throws {
    try await recover()
    await signals.downloads.takeTurns { await step() }
    isStopping = true
    for task in tasks.values { task.cancel() }
    for task in tasks.values { await task.value }
  }

  /// Begins what can be begun; answers how long nothing will be due.
  private func step() async -> Duration {
    do {
      let now = time.now()
      let most = limits.perHost + limits.downloads
      let start = lastHost
      let (candidates, due, failed) = try await database.read { transaction in
        (
          try EpisodeCatalog.due(at: now, perHost: most, from: start, transaction),
          try EpisodeCatalog.nextDue(after: now, transaction),
          try EpisodeCatalog.failedCount(transaction)
        )
      }
      let room = ArchiveRoom.objection(folder, reserve: limits.reserve)
      if !signals.isPaused, room == nil {
        for candidate in candidates where running.count < limits.downloads {
          guard running[candidate.id] == nil,
            running.values.count(where: { $0 == candidate.host }) < limits.perHost
          else { continue }
          lastHost = candidate.host
          await begin(candidate.id, host: candidate.host)
        }
      }
      metrics.downloading.set(running.count)
      pace.show(downloading: running.count)
      afterStep(
        room ?? (failed > 0 ? "\(failed) episodes used up their tries: fetch them again" : nil))
      return due.map { min(Self.longestWait, max(.milliseconds(10), $0 - now)) }
        ?? Self.longestWait
    } catch {
      log.error("the catalogue cannot be read", ("reason", "\(error)"))
      afterStep("the catalogue cannot be read: \(error)")
      return Self.longestWait
    }
  }

  // MARK: - One try

  private func begin(_ id: EpisodeID, host: String) async {
    running[id] = host
    do {
      guard let task = try await count(id) else {
        running[id] = nil
        return
      }
      let worker = idle.popLast() ?? newWorker()
      tasks[id] = Task { await self.carryOut(task, with: worker) }
    } catch {
      log.error("a download cannot be begun", ("episode", id), ("reason", "\(error)"))
      running[id] = nil
    }
  }

  private func newWorker() -> DownloadWorker {
    workers += 1
    return makeWorker(workers)
  }

  /// Counts the try before it is made; nil where there is nothing to do any more.
  private func count(_ id: EpisodeID) async throws -> DownloadTask? {
    let book = book
    let folder = folder
    return try await database.write { transaction in
      guard var row = try EpisodeCatalog.find(id, transaction),
        row.standing.state == .queued || row.standing.state == .waiting,
        let feed = try FeedCatalog.find(row.feed, transaction)
      else { return nil }
      // Of a try whose file never got there.
      row.placed = nil
      let begun = try book.apply(.begun, to: row, transaction)
      return DownloadTask(
        row: begun, feedURL: feed.definition.url, folder: "\(folder)/\(row.feed)")
    }
  }

  private func carryOut(_ task: DownloadTask, with worker: DownloadWorker) async {
    let id = task.row.id
    let result = await attempt(task, with: worker)
    metrics.downloads.with(result).increment()
    running[id] = nil
    tasks[id] = nil
    idle.append(worker)
    signals.wakeDownloads()
  }

  /// How it ended, as it is counted.
  private func attempt(_ task: DownloadTask, with worker: DownloadWorker) async -> String {
    let id = task.row.id
    do throws(DownloadError) {
      let received = try await worker.run(task, callbacks(of: task))
      metrics.bytes.increment(by: Int(clamping: received.bytes))
      return try await finish(task, received, with: worker)
    } catch {
      let failure = Task.isCancelled ? DownloadError(.interrupted, "stopped") : error
      await store(id) { book, row, transaction in
        var row = row
        row.doubtSHA256 = failure.doubtSHA256 ?? row.doubtSHA256
        if [.content, .truncated, .changed, .forbidden].contains(failure.kind) {
          row.partValidator = nil
        }
        try book.apply(.failed(failure), to: row, transaction)
      }
      if failure.kind != .interrupted {
        log.warning(
          "an episode cannot be archived", ("episode", id), ("feed", task.row.feed),
          ("kind", failure.kind.rawValue), ("reason", failure.reason))
      }
      return failure.kind.rawValue
    }
  }

  private func callbacks(of task: DownloadTask) -> DownloadCallbacks {
    let id = task.row.id
    let database = database
    let book = book
    let onProgress = onProgress
    return DownloadCallbacks(
      onHead: { validator, url, total in
        try await database.write { transaction in
          guard var row = try EpisodeCatalog.find(id, transaction) else { return }
          row.partValidator = validator
          row.partURL = url
          row.serverBytes = total
          try EpisodeCatalog.save(row, transaction)
        }
      },
      onProgress: { received, total in
        onProgress(EpisodeProgress(episode: id, receivedBytes: received, totalBytes: total))
      },
      onBytes: {
        _ = try? await database.write { transaction in
          guard let row = try EpisodeCatalog.find(id, transaction) else { return }
          try book.apply(.received, to: row, transaction)
        }
      })
  }

  // MARK: - The end of a try

  /// Gives the checked file its name and says so; or notes that its content is there already.
  private func finish(
    _ task: DownloadTask, _ received: CheckedFile, with worker: DownloadWorker
  ) async throws(DownloadError) -> String {
    let id = task.row.id
    if let same = await sameContent(received.sha256), let file = same.placed,
      await worker.size(of: file.path) == file.bytes
    {
      await worker.remove(task.partPath)
      await store(id) { book, row, transaction in
        var row = row
        row.placed = file
        try book.archive(
          row, note: "the same file as '\(same.title)'", isDuplicate: true, transaction)
      }
      return "duplicate"
    }
    let file = try await choosePlace(task, received, with: worker)
    try await worker.place(task, as: file.path)
    await store(id) { book, row, transaction in
      try book.archive(row, note: received.note, isDuplicate: false, transaction)
    }
    log.info(
      "an episode is archived", ("episode", id), ("feed", task.row.feed), ("file", file.name),
      ("bytes", file.bytes), ("sha256", file.sha256))
    return "archived"
  }

  private func sameContent(_ sha256: String) async -> EpisodeRow? {
    try? await database.read { try EpisodeCatalog.archived(sha256: sha256, $0) }
  }

  /// Chooses a name that no other file has, and stores it before the file gets it.
  private func choosePlace(
    _ task: DownloadTask, _ received: CheckedFile, with worker: DownloadWorker
  ) async throws(DownloadError) -> FinishedFile {
    let row = task.row
    do {
      let placed = try await database.read {
        try EpisodeCatalog.placedNames(of: row.feed, except: row.id, $0)
      }
      var name = EpisodeNaming.name(
        title: row.title, published: row.publishedAt, url: row.url,
        contentType: received.contentType, fallback: row.id.text)
      if await worker.isTaken(name, in: task.folder, placed: placed) {
        name = EpisodeNaming.another(name, sha256: received.sha256)
      }
      let file = FinishedFile(
        path: "\(task.folder)/\(name)", name: name, bytes: received.bytes,
        sha256: received.sha256, contentType: received.contentType,
        durationUs: received.duration.microseconds, gaps: [])
      let isKnown = try await database.write { transaction in
        guard var row = try EpisodeCatalog.find(row.id, transaction) else { return false }
        row.placed = file
        try EpisodeCatalog.save(row, transaction)
        return true
      }
      guard isKnown else { throw DownloadError(.interrupted, "its feed was removed") }
      return file
    } catch let error as DownloadError {
      await worker.remove(task.partPath)
      throw error
    } catch {
      throw DownloadError(.disk, "the catalogue cannot be written: \(error)")
    }
  }

  /// Stores the end of a try. There is no going on before it is stored.
  private func store(
    _ id: EpisodeID,
    _ change: @escaping @Sendable (FeederBook, EpisodeRow, Transaction) throws -> Void
  ) async {
    let book = book
    while true {
      do {
        try await database.write { transaction in
          guard let row = try EpisodeCatalog.find(id, transaction) else { return }
          try change(book, row, transaction)
        }
        return
      } catch {
        log.error(
          "the end of a download cannot be stored", ("episode", id), ("reason", "\(error)"))
        // When this process is to end, the next start finds the row as it is.
        if isStopping { return }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  // MARK: - What the last process left

  private func recover() async throws {
    let rows = try await database.read { try EpisodeCatalog.underWay($0) }
    guard !rows.isEmpty else { return }
    let worker = newWorker()
    idle.append(worker)
    let book = book
    for row in rows {
      let part = "\(folder)/\(row.feed)/.\(row.id).part"
      var isThere = false
      if let file = row.placed {
        isThere = await worker.holds(file)
        if isThere { await worker.remove(part) }
      }
      let isDone = isThere
      try await database.write { transaction in
        guard let row = try EpisodeCatalog.find(row.id, transaction) else { return }
        if isDone {
          try book.archive(row, note: nil, isDuplicate: false, transaction)
        } else {
          try book.apply(.restarted, to: row, transaction)
        }
      }
    }
  }
}
