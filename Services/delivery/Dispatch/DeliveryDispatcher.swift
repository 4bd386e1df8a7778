internal import Base
internal import Bus
internal import Messages
internal import Service
internal import Storage

/// The loop that sends what is due: chooses by `DispatchPlan`, counts the try in the catalogue, lets
/// an uploader carry it out, and stores what came of it.
///
/// Owns the uploaders and, through `Signals`, the interruptions of those that run. On kill -9:
/// - before the try is counted nothing has happened;
/// - after that, the row says `sending`, and the next start gives it another try (or sets it aside
///   after three such ends in a row); the upload finds what the last one left, a file that had its
///   name already included;
/// - the row says `delivered` only after the far end's hash was compared under the final name.
/// A local file is never removed here.
actor DeliveryDispatcher {
  struct Limits: Sendable {
    var parallel = 2
    var longestRest = Duration.seconds(600)
    var timeouts = SSHTimeouts()
    var s3 = S3Limits()
    /// How many of those that ended well or were discarded are kept.
    var keptDeliveries = 2000
  }

  /// What the dispatcher tells the process around it.
  struct Surroundings: Sendable {
    /// At most twice a second for each upload, on its thread.
    var onProgress: @Sendable (DeliveryProgress) -> Void = { _ in }
    /// After each turn of the loop: what keeps deliveries from working, one sentence; nil: nothing.
    var afterStep: @Sendable (String?) -> Void = { _ in }
  }

  /// The loop turns at least that often, to show that it lives, and because the wall clock may be
  /// stepped.
  private static let longestWait = Duration.seconds(5)

  let limits: Limits
  let database: Database
  let book: DeliveryBook
  let signals: Signals
  let identity: IdentityKeeper
  let secrets: SealingKeeper
  let logsFolder: String
  let metrics: DeliveryMetrics
  let time: any TimeSource
  let log: Logger
  let surroundings: Surroundings

  var plan: DispatchPlan
  var idle: [Destination.Kind: [any Uploader]] = [:]
  var uploaders = 0
  var tasks: [DeliveryID: Task<Void, Never>] = [:]
  private var tests: [MessageID: Task<Void, Never>] = [:]
  private var interruptions: [MessageID: Interruption] = [:]
  var housekeeping = Housekeeping()
  var isStopping = false

  init(
    limits: Limits, database: Database, book: DeliveryBook, signals: Signals,
    identity: IdentityKeeper, secrets: SealingKeeper, logsFolder: String, metrics: DeliveryMetrics,
    time: any TimeSource, log: Logger, surroundings: Surroundings
  ) {
    self.limits = limits
    self.database = database
    self.book = book
    self.signals = signals
    self.identity = identity
    self.secrets = secrets
    self.logsFolder = logsFolder
    self.metrics = metrics
    self.time = time
    self.log = log
    self.surroundings = surroundings
    plan = DispatchPlan(parallel: limits.parallel, longestRest: limits.longestRest)
  }

  /// Works until the task is cancelled; then stops the uploads, stores that they were stopped, and
  /// returns.
  ///
  /// - Throws: `StorageError` when the first look at the catalogue fails.
  func run() async throws {
    try await recover()
    await signals.work.takeTurns { await step() }
    isStopping = true
    signals.stopAll()
    for interruption in interruptions.values { interruption.trigger() }
    for task in tasks.values { await task.value }
    for test in tests.values { await test.value }
    housekeeping.interrupt()
    await housekeeping.task?.value
  }

  /// What the last process left in the middle gets another try, or is set aside.
  private func recover() async throws {
    // Said to all as soon as it is known; where it cannot be had, each upload says why.
    _ = try? await identity.current()
    let book = book
    try await database.write { transaction in
      for row in try DeliveryCatalog.allUnderWay(transaction) {
        try book.apply(.restarted, to: row, transaction)
      }
    }
  }

  /// Begins what can be begun; answers how long nothing will be due.
  private func step() async -> Duration {
    for server in signals.takeRenewedServers() { plan.renew(server) }
    do {
      try await beginTests()
      let now = time.now()
      let parallel = limits.parallel
      let (candidates, due, counts) = try await database.read { transaction in
        // One more than can run, because some of them may be running still.
        (
          try DeliveryCatalog.due(at: now, perDestination: 2 * parallel + 1, transaction),
          try DeliveryCatalog.nextDue(after: now, transaction),
          try DeliveryCatalog.counts(transaction)
        )
      }
      if !signals.isPaused {
        for candidate in plan.choose(from: candidates, at: now) { await begin(candidate) }
      }
      keepHouse(counts)
      metrics.show(counts, uploads: plan.running.count)
      surroundings.afterStep(DeliveryDispatcher.fault(counts))
      let next = [due, plan.nextProbe(for: candidates, after: now)].compactMap { $0 }.min()
      return next.map { min(Self.longestWait, max(.milliseconds(10), $0 - now)) }
        ?? Self.longestWait
    } catch {
      log.error("the catalogue cannot be read", ("reason", "\(error)"))
      surroundings.afterStep("the catalogue cannot be read: \(error)")
      return Self.longestWait
    }
  }

  private static func fault(_ counts: [DeliveryState: Int]) -> String? {
    switch counts[.dead] ?? 0 {
    case 0: nil
    case 1: "one delivery needs a person: retry or discard it"
    case let count: "\(count) deliveries need a person: retry or discard them"
    }
  }

  // MARK: - Tests

  private func beginTests() async throws {
    for test in try await database.read({ try TestCatalog.all($0) })
    where tests[test.command] == nil && tests.count < 4 {
      let interruption = try Interruption()
      interruptions[test.command] = interruption
      tests[test.command] = Task { await self.carryOut(test, interruption) }
    }
  }

  private func carryOut(_ test: AskedTest, _ interruption: Interruption) async {
    let tester = DestinationTester(
      database: database, book: book, identity: identity, timeouts: limits.timeouts,
      s3: newS3Uploader(named: "bucket-test"))
    do {
      try await tester.run(test, interruption)
    } catch {
      log.error("a test's outcome cannot be stored", ("reason", "\(error)"))
    }
    tests[test.command] = nil
    interruptions[test.command] = nil
    signals.wake()
  }
}
