internal import Base
internal import HTTPClient
internal import Messages
internal import Service
internal import Storage

/// The loop that fetches feeds: chooses by `PollQueue`, lets `FeedFetcher`s do it, and stores what came
/// of it, all that has come in the meantime in one transaction.
///
/// On kill -9: a fetch that was not stored is made again at the next start, since the row still says
/// that it is due.
actor FeedPoller {
  /// The loop turns at least that often, to show that it lives, and because the wall clock may be
  /// stepped.
  private static let longestWait = Duration.seconds(5)
  /// A server whose "not modified" never ends may be wrong: after so long the whole document is asked
  /// for again.
  static let longestTrust = Duration.seconds(14 * 86_400)

  private let database: Database
  private let book: FeederBook
  private let signals: Signals
  private let fetcher: FeedFetcher
  private let limits: (fetches: Int, perHost: Int)
  private let metrics: FeederMetrics
  private let time: any TimeSource
  private let log: Logger
  private let afterStep: @Sendable (String?) -> Void

  private var queue: PollQueue
  private var outages = OutageDetector()
  private var tasks: [FeedID: Task<Void, Never>] = [:]
  private var reports: [FetchReport] = []
  private let pace: Pace

  init(
    database: Database, book: FeederBook, fetcher: FeedFetcher,
    limits: (fetches: Int, perHost: Int), metrics: FeederMetrics, pace: Pace, time: any TimeSource,
    log: Logger, afterStep: @escaping @Sendable (String?) -> Void
  ) {
    self.database = database
    self.book = book
    signals = book.signals
    self.fetcher = fetcher
    self.limits = limits
    self.metrics = metrics
    self.pace = pace
    self.time = time
    self.log = log
    self.afterStep = afterStep
    queue = PollQueue(fetches: limits.fetches, perHost: limits.perHost)
  }

  /// Works until the task is cancelled; then lets go of what is under way.
  ///
  /// - Throws: `StorageError` when the first look at the catalogue fails.
  func run() async throws {
    let now = time.now()
    let (entries, resting) = try await database.write { transaction in
      (try FeedCatalog.plan(transaction), try FeedCatalog.resting(at: now, transaction))
    }
    queue = PollQueue(
      fetches: limits.fetches, perHost: limits.perHost, entries: entries, resting: resting)
    await signals.polling.takeTurns { await step() }
    for task in tasks.values { task.cancel() }
    for task in tasks.values { await task.value }
    await store()
  }

  /// Stores what has come and begins what can be begun; answers how long nothing will be due.
  private func step() async -> Duration {
    await store()
    for (feed, entry) in signals.takeFeeds() {
      if let entry { queue.put(entry) } else { queue.remove(feed) }
    }
    let now = time.now()
    if !signals.isPaused {
      for feed in queue.begin(at: now) { await begin(feed) }
    }
    metrics.show(queue)
    pace.show(due: queue.dueCount, fetching: queue.running.count)
    afterStep(outages.isOutage ? "nearly no server can be reached: is this machine cut off?" : nil)
    let wait = queue.nextWake(after: now).map { max(.milliseconds(10), $0 - now) }
    return min(wait ?? Self.longestWait, Self.longestWait)
  }

  private func begin(_ feed: FeedID) async {
    do {
      guard let order = try await order(feed) else {
        queue.ended(feed, next: nil)
        return
      }
      tasks[feed] = Task { await self.finished(self.fetcher.fetch(order)) }
    } catch {
      log.error("a feed cannot be read from the catalogue", ("feed", feed), ("reason", "\(error)"))
      queue.ended(
        feed,
        next: PollQueue.Entry(feed: feed, host: "", at: time.now() + .seconds(60)))
    }
  }

  private func order(_ feed: FeedID) async throws -> FetchOrder? {
    let now = time.now()
    return try await database.read { transaction in
      guard let row = try FeedCatalog.find(feed, transaction), row.definition.isEnabled else {
        return nil
      }
      // Asked for whole where the validators have been answered to for too long.
      let isTrusted = row.readAt.map { now - $0 < Self.longestTrust } ?? false
      let wantsPages = !row.isComplete && row.definition.newest == nil
      return FetchOrder(
        feed: feed, url: row.definition.url,
        validators: isTrusted && !wantsPages ? row.validators : nil, bodySHA256: row.bodySHA256,
        wantsPages: wantsPages, announcedURL: row.standing.move?.url, definition: row.definition)
    }
  }

  private func finished(_ report: FetchReport) {
    tasks[report.order.feed] = nil
    reports.append(report)
    signals.wakePolling()
  }

  // MARK: - Storing

  /// Everything that has come, in one transaction; documents with many items first, in parts.
  private func store() async {
    while !reports.isEmpty {
      let batch = reports
      do {
        for report in batch { try await storeItems(of: report) }
        let now = time.now()
        let results = batch.map { ($0, verdict(of: $0)) }
        let book = book
        let next = try await database.write { transaction in
          try results.map { report, verdict in
            try FetchStoring(book: book, now: now).store(report, verdict, transaction)
          }
        }
        reports.removeFirst(batch.count)
        for (report, entry) in zip(batch, next) {
          queue.ended(report.order.feed, next: entry)
          metrics.count(report.result)
          pace.count(report.result)
        }
        for (report, verdict) in results {
          if case .rests(let until, _) = verdict {
            queue.rest(FeedCatalog.host(of: report.order.url), until: until)
          }
        }
      } catch {
        log.error("what feeds said cannot be stored", ("reason", "\(error)"))
        if Task.isCancelled { return }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func storeItems(of report: FetchReport) async throws {
    guard case .document(let document, _, _, _) = report.result else { return }
    let candidates = EpisodeIdentity.candidates(document.items)
    let shared = EpisodeIdentity.sharedNames(in: candidates)
    let reading = FeedReading(book: book)
    let definition = report.order.definition
    var rest = candidates[...]
    while !rest.isEmpty {
      let part = rest.prefix(FeedReading.part)
      rest = rest.dropFirst(part.count)
      try await database.write { transaction in
        // Removed or edited meanwhile: then this is of another feed.
        guard let row = try FeedCatalog.find(definition.id, transaction),
          row.definition.url == definition.url
        else { return }
        try reading.store(part, of: row.definition, shared: shared, transaction)
      }
    }
  }

  private func verdict(of report: FetchReport) -> FetchVerdict? {
    let host = FeedCatalog.host(of: report.order.url)
    switch report.result {
    case .cancelled: return nil
    case .notModified, .sameDocument, .document:
      _ = outages.note(host: host, isConnectionFailure: false)
      return .good(target: report.target)
    case .gone:
      _ = outages.note(host: host, isConnectionFailure: false)
      return .gone
    case .rests(let until, let reason):
      _ = outages.note(host: host, isConnectionFailure: false)
      return .rests(until: until, reason: reason)
    case .failed(let reason, let isConnection):
      let isOutage = outages.note(host: host, isConnectionFailure: isConnection)
      return isOutage && isConnection
        ? .outage : .failed(reason: reason, isConnection: isConnection)
    }
  }
}
