internal import Base
internal import Bus
internal import Configuration
internal import HTTPClient
internal import Messages
internal import Metrics
internal import Service
internal import Storage

/// The feeder's table of contents: which message goes where, and who does the work.
///
/// - `CommandDesk`: what people ask for
/// - `FeederBook`: the one way in which a feed or an episode changes, by `FeedPolicy` and `RetryPolicy`
/// - `FeedPoller`: the loop that fetches feeds, by `PollQueue`, through `FeedFetcher`
/// - `EpisodeDownloader`: the loop that downloads episodes, through `DownloadWorker`s
struct FeederService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, FeederSchema.schema]

  /// What it tells the process around it.
  struct Surroundings: Sendable {
    /// At most twice a second for each download.
    var onProgress: @Sendable (EpisodeProgress) -> Void = { _ in }
    var onSummary: @Sendable (FeederSummary) -> Void = { _ in }
    /// After each turn of a loop: what keeps it from its work, one sentence; nil: nothing.
    var afterPoll: @Sendable (String?) -> Void = { _ in }
    var afterDownload: @Sendable (String?) -> Void = { _ in }
  }

  let handlers: BusHandlers
  let poller: FeedPoller
  let downloader: EpisodeDownloader
  let signals = Signals()
  let summary: SummaryTeller
  let fetches: MetricFamily<Counter>

  init(
    settings: Settings.Feeder, folder: String, reserve: Int64 = 0, database: Database,
    outbox: Outbox, metrics registry: MetricsRegistry, time: any TimeSource = SystemTimeSource(),
    log: Logger,
    policy: FeedPolicy? = nil, retries: RetryPolicy? = nil,
    surroundings: Surroundings = Surroundings()
  ) {
    let book = FeederBook(
      feeds: policy ?? FeedPolicy(settings), retries: retries ?? RetryPolicy(settings),
      outbox: outbox,
      signals: signals, time: time, log: log)
    var handlers = BusHandlers()
    CommandDesk(book: book, time: time).register(in: &handlers)
    handlers.provideSnapshot { try Self.snapshot($0) }
    self.handlers = handlers

    let metrics = FeederMetrics(registry)
    fetches = metrics.fetches
    let pace = Pace(time: time)
    let addresses: AddressFilter = settings.allowsPrivateAddresses ? .all : .publicInternet
    let client = HTTPClient(addresses: addresses, time: time)
    let userAgent =
      settings.userAgent.isEmpty ? "Airloom/\(ServiceVersion.text)" : settings.userAgent
    poller = FeedPoller(
      database: database, book: book,
      fetcher: FeedFetcher(
        client: client, parser: FeedParser(), userAgent: userAgent, time: time),
      limits: (settings.fetches, settings.perHost), metrics: metrics, pace: pace, time: time,
      log: log, afterStep: surroundings.afterPoll)
    let limits = EpisodeDownloader.Limits(
      downloads: settings.downloads, perHost: settings.perHost, reserve: reserve)
    downloader = EpisodeDownloader(
      database: database, book: book, limits: limits, folder: folder, metrics: metrics,
      pace: pace, time: time, log: log,
      makeWorker: { number in
        DownloadWorker(
          named: "download-\(number)", client: client, userAgent: userAgent, probe: MediaProbe(),
          largest: limits.largest, time: time)
      },
      onProgress: surroundings.onProgress, afterStep: surroundings.afterDownload)
    summary = SummaryTeller(
      database: database, metrics: metrics, pace: pace, tell: surroundings.onSummary)
  }

  /// The whole state as the events that changes are said with: every feed, and of the episodes what is
  /// unfinished and the newest of each feed, the fewer the more feeds there are.
  private static func snapshot(_ transaction: Transaction) throws -> [any DurableMessage] {
    let feeds = try FeedCatalog.all(transaction)
    let sums = try EpisodeCatalog.sums(transaction)
    let perFeed = min(200, max(3, 20_000 / max(1, feeds.count)))
    let episodes = try EpisodeCatalog.forSnapshot(
      perFeed: perFeed, unfinished: 2000, transaction)
    return feeds.map { $0.event(sums[$0.id] ?? ArchivedSum()) } + episodes.compactMap(\.event)
  }
}

extension FeedPolicy {
  init(_ settings: Settings.Feeder) {
    self.init(
      schedule: PollSchedule(
        interval: settings.interval, minimum: settings.minimumInterval,
        maximum: max(settings.maximumInterval, settings.minimumInterval)))
  }
}

extension RetryPolicy {
  init(_ settings: Settings.Feeder) { self.init(tries: settings.attempts) }
}
