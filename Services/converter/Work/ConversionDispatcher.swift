internal import Base
internal import Glibc
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// The loop that begins what is due: counts the try in the catalogue, lets a worker carry it out, has
/// the output placed, and stores what came of it.
///
/// On kill -9:
/// - before the try is counted nothing has happened;
/// - after that the row says `converting` or `verifying`; the next start looks at the drop again (or
///   sets it aside after three such ends in a row), and the temporary files are removed;
/// - from the moment that the final names are stored, the next start goes on with placing;
/// - the row says `converted` only when the files have their names and these are on the disk;
/// - the drop itself is touched after that, and what is to be done with it is in the row.
actor ConversionDispatcher {
  struct Settings: Sendable {
    var workers = 1
    var worker: ConversionWorker.Settings
    /// What else holds temporary files of ours.
    var doneFolder = ""
  }

  /// What the dispatcher tells the process around it.
  struct Surroundings: Sendable {
    /// Called now and then during what takes long.
    var isAlive: @Sendable () -> Void = {}
    var onProgress: @Sendable (ConversionProgress) -> Void = { _ in }
    /// After each turn of the loop: what keeps conversions from working, one sentence; nil: nothing.
    var afterStep: @Sendable (String?) -> Void = { _ in }
  }

  /// The loop turns at least that often, to show that it lives.
  private static let longestWait = Duration.seconds(5)

  private let settings: Settings
  private let database: Database
  private let book: ConversionBook
  private let placer: OutputPlacer
  private let disposal: SourceDisposal
  private let signals: Signals
  private let logs: ConversionLogs
  private let metrics: ConverterMetrics
  private let time: any TimeSource
  private let log: Logger
  private let surroundings: Surroundings

  private var idle: [ConversionWorker] = []
  private var workers = 0
  private var tasks: [JobID: Task<Void, Never>] = [:]
  private var isStopping = false
  /// Why the last try had to wait for something that is not the drop's fault.
  private var fault: String?
  private var disposalTask: Task<Void, Never>?
  private var disposeAt: Monotonic

  init(
    settings: Settings, database: Database, book: ConversionBook, placer: OutputPlacer,
    disposal: SourceDisposal, signals: Signals, logs: ConversionLogs, metrics: ConverterMetrics,
    time: any TimeSource, log: Logger, surroundings: Surroundings
  ) {
    self.settings = settings
    self.database = database
    self.book = book
    self.placer = placer
    self.disposal = disposal
    self.signals = signals
    self.logs = logs
    self.metrics = metrics
    self.time = time
    self.log = log
    self.surroundings = surroundings
    disposeAt = time.monotonic()
  }

  /// Works until the task is cancelled; then stops the work, stores that it was stopped, and returns.
  ///
  /// - Throws: `StorageError` when the first look at the catalogue fails.
  func run() async throws {
    try await recover()
    await signals.work.takeTurns { await step() }
    isStopping = true
    signals.stopAll()
    for task in Array(tasks.values) { await task.value }
    await disposalTask?.value
  }

  // MARK: - What the last process left

  private func recover() async throws {
    // Where it cannot be made, each conversion says so.
    try? Syscall.makeFolders(settings.worker.output)
    let worker = takeWorker()
    let isAlive = Ticker(surroundings.isAlive)
    defer {
      isAlive.end()
      idle.append(worker)
    }
    for row in try await database.read({
      try ConversionCatalog.all(in: [.converting, .verifying], $0)
    }) {
      ProgressFile(beside: row.path).remove()
      do {
        if try await worker.perform({ [placer] in try await placer.settle(row) }) {
          logs.note(row.id, "placed after a restart")
          continue
        }
      } catch {
        log.warning("an output cannot be placed", ("id", row.id), ("reason", "\(error)"))
      }
      await worker.clear(row.id)
      let book = book
      try await database.write { transaction in
        guard let current = try ConversionCatalog.find(row.id, transaction) else { return }
        try book.apply(.restarted, to: current, transaction) { new in
          new.file = nil
          new.captions = nil
        }
      }
    }
    try await removeStale()
  }

  /// Temporary files of conversions that are in this catalogue and not under way; those of another
  /// converter that shares the folder are its own.
  private func removeStale() async throws {
    for folder in [settings.worker.output, settings.doneFolder] where !folder.isEmpty {
      for name in FolderWalker.names(in: folder) {
        guard let id = WorkFile.id(in: name).flatMap({ JobID($0) }),
          let row = try await database.read({ try ConversionCatalog.find(id, $0) }),
          row.standing.state != .verifying
        else { continue }
        unlink("\(folder)/\(name)")
      }
    }
  }

  // MARK: - The loop

  /// Begins what can be begun; answers how long nothing will be due.
  private func step() async -> Duration {
    do {
      try await dispose()
      let now = time.now()
      let free = settings.workers - tasks.count
      let room = OutputRoom.objection(settings.worker.output, reserve: settings.worker.reserve)
      let (due, next, counts) = try await database.read { transaction in
        (
          try ConversionCatalog.due(at: now, limit: max(0, free), transaction),
          try ConversionCatalog.nextDue(after: now, transaction),
          try ConversionCatalog.counts(transaction)
        )
      }
      if !signals.isPaused, room == nil {
        for id in due where tasks[id] == nil { await begin(id) }
      }
      metrics.show(counts)
      metrics.working.set(tasks.count)
      surroundings.afterStep(room ?? fault)
      return next.map { min(Self.longestWait, max(.milliseconds(10), $0 - time.now())) }
        ?? Self.longestWait
    } catch {
      log.error("the catalogue cannot be used", ("reason", "\(error)"))
      surroundings.afterStep("the catalogue cannot be used: \(error)")
      return Self.longestWait
    }
  }

  /// What is still to be done with drops; beside the loop, because it may have to copy them.
  private func dispose() async throws {
    guard disposalTask == nil, time.monotonic() >= disposeAt else { return }
    let rows = try await database.read { try ConversionCatalog.pendingAfter($0) }
    if !rows.isEmpty { disposalTask = Task { await self.dispose(of: rows) } }
  }

  /// What fails is tried again later.
  private func dispose(of rows: [ConversionRow]) async {
    let worker = takeWorker()
    defer {
      idle.append(worker)
      disposalTask = nil
    }
    for row in rows where !isStopping {
      do {
        try await worker.perform { [disposal] in try await disposal.run(row) }
      } catch {
        disposeAt = time.monotonic() + .seconds(30)
        fault = "\(row.path.text) cannot be moved or deleted as the settings say: \(error)"
        log.warning("a drop stays where it is", ("drop", row.path.text), ("reason", "\(error)"))
        return
      }
    }
  }

  private func takeWorker() -> ConversionWorker {
    if let worker = idle.popLast() { return worker }
    workers += 1
    return ConversionWorker(
      named: "convert-\(workers)", settings: settings.worker, logs: logs, time: time)
  }

  // MARK: - One conversion

  private func begin(_ id: JobID) async {
    let (start, release) = AsyncStream<Bool>.makeStream()
    let task = Task {
      for await mayBegin in start where mayBegin { await self.carryOut(id) }
    }
    // Before the row says `converting`, so that whoever calls it off then can stop it.
    signals.began(id) { task.cancel() }
    tasks[id] = task
    release.yield(true)
    release.finish()
  }

  private func carryOut(_ id: JobID) async {
    let worker = takeWorker()
    let began = time.monotonic()
    do {
      if let row = try await count(id) {
        let outcome = await attempt(row, with: worker)
        await store(outcome, of: row, took: time.monotonic() - began)
      }
    } catch {
      log.error("a conversion cannot be begun", ("id", id), ("reason", "\(error)"))
    }
    signals.ended(id)
    tasks[id] = nil
    idle.append(worker)
    signals.wake()
  }

  /// Counts the try before it is made; nil where there is nothing to do any more.
  private func count(_ id: JobID) async throws -> ConversionRow? {
    let book = book
    return try await database.write { transaction in
      guard let row = try ConversionCatalog.find(id, transaction), row.standing.state == .queued
      else { return nil }
      return try book.apply(.begun, to: row, transaction) { new in
        new.file = nil
        new.captions = nil
      }
    }
  }

  private func attempt(
    _ row: ConversionRow, with worker: ConversionWorker
  ) async -> Result<OutputPlacer.Made, ConverterError> {
    logs.note(row.id, "try \(row.standing.attempts) of \(row.path.text)")
    let (book, database) = (book, database)
    let reports = ConversionWorker.Reports(
      progress: surroundings.onProgress,
      encoded: {
        try? await database.write { transaction in
          guard let current = try ConversionCatalog.find(row.id, transaction) else { return }
          try book.apply(.encoded, to: current, transaction)
        }
      })
    do throws(ConverterError) {
      return .success(try await worker.run(row, reports))
    } catch {
      return .failure(error)
    }
  }

  /// Places what was made, or stores why nothing was. There is no going on before the end is stored.
  private func store(
    _ outcome: Result<OutputPlacer.Made, ConverterError>, of row: ConversionRow, took: Duration
  ) async {
    var outcome = outcome
    while true {
      do {
        switch outcome {
        case .success(let made): try await place(made, row, took: took)
        case .failure(let error): try await fail(error, row)
        }
        return
      } catch let error as ConverterError {
        outcome = .failure(error)
      } catch let error as SystemError {
        outcome = .failure(.writing(error, settings.worker.output + "/x"))
      } catch {
        log.error(
          "the end of a conversion cannot be stored", ("id", row.id), ("reason", "\(error)"))
        // When this process is to end, the next start finds the row as it is.
        if isStopping { return }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func place(
    _ made: OutputPlacer.Made, _ row: ConversionRow, took: Duration
  ) async throws {
    guard let placed = try await placer.place(made, of: row.id), let file = placed.file else {
      // It was called off meanwhile.
      unlink(WorkFile.movie(row.id.text, in: settings.worker.output))
      unlink(WorkFile.captions(row.id.text, in: settings.worker.output))
      return
    }
    fault = nil
    metrics.succeeded(mediaUs: file.durationUs, took: took)
    logs.note(row.id, "converted: \(file.path), \(file.bytes) bytes, sha256 \(file.sha256)")
    log.info("converted", ("drop", row.path.text), ("file", file.name))
  }

  private func fail(_ error: ConverterError, _ row: ConversionRow) async throws {
    let book = book
    let stored = try await database.write { transaction -> ConversionRow? in
      guard let current = try ConversionCatalog.find(row.id, transaction) else { return nil }
      return try book.apply(.failed(error), to: current, transaction) { new in
        new.file = nil
        new.captions = nil
      }
    }
    unlink(WorkFile.movie(row.id.text, in: settings.worker.output))
    unlink(WorkFile.captions(row.id.text, in: settings.worker.output))
    metrics.failed(error.kind)
    logs.note(row.id, "\(stored?.standing.state.rawValue ?? "ended"): \(error.reason)")
    if error.kind.failureClass == .wait { fault = error.reason }
    if stored?.standing.state == .failed {
      log.warning("a drop was set aside", ("drop", row.path.text), ("reason", error.reason))
    }
  }
}

extension ConversionWorker {
  /// Runs something that blocks, on this worker's thread.
  func perform<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    try await body()
  }
}
