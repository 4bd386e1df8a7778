internal import Base
internal import Messages
internal import Metrics
internal import Synchronization

/// The feeder's numbers for Prometheus.
struct FeederMetrics: Sendable {
  let feeds: MetricFamily<Gauge>
  let fetches: MetricFamily<Counter>
  let due: Gauge
  let fetching: Gauge
  let episodes: MetricFamily<Gauge>
  let downloads: MetricFamily<Counter>
  let bytes: Counter
  let downloading: Gauge

  init(_ registry: MetricsRegistry) {
    feeds = registry.gauges(
      "airloom_feeder_feeds", help: "Feeds by state.", labels: ["state"])
    fetches = registry.counters(
      "airloom_feeder_fetches_total", help: "Fetches of feeds, by outcome.", labels: ["outcome"])
    due = registry.gauge(
      "airloom_feeder_due", help: "Fetches that should have begun already.")
    fetching = registry.gauge("airloom_feeder_fetching", help: "Fetches under way.")
    episodes = registry.gauges(
      "airloom_feeder_episodes", help: "Episodes by state.", labels: ["state"])
    downloads = registry.counters(
      "airloom_feeder_downloads_total",
      help: "Downloads that ended, by outcome: archived, duplicate, or the kind of failure.",
      labels: ["outcome"])
    bytes = registry.counter(
      "airloom_feeder_received_bytes_total", help: "Bytes of episodes received.")
    downloading = registry.gauge("airloom_feeder_downloads", help: "Downloads under way.")
  }

  func show(_ queue: PollQueue) {
    due.set(queue.dueCount)
    fetching.set(queue.running.count)
  }

  func show(_ counts: [EpisodeState: Int]) {
    for state in EpisodeState.allCases { episodes.with(state.rawValue).set(counts[state] ?? 0) }
  }

  func show(_ counts: [FeedState: Int]) {
    for state in FeedState.allCases { feeds.with(state.rawValue).set(counts[state] ?? 0) }
  }

  func count(_ result: FetchReport.Result) { fetches.with(result.name).increment() }
}

extension FetchReport.Result {
  var name: String {
    switch self {
    case .notModified: "not_modified"
    case .sameDocument: "same"
    case .document: "document"
    case .gone: "gone"
    case .rests: "rests"
    case .failed(_, let isConnection): isConnection ? "unreachable" : "failed"
    case .cancelled: "cancelled"
    }
  }
}

/// How much the feeder did over the last minute, and does now; asked for the summary.
final class Pace: Sendable {
  private struct State {
    /// Of each of the last sixty seconds: fetches, and those that were not modified.
    var seconds: [(at: Int64, fetches: Int, notModified: Int)] = []
    var due = 0
    var fetching = 0
    var downloading = 0
  }

  private let state = Mutex(State())
  private let time: any TimeSource

  init(time: any TimeSource) { self.time = time }

  func count(_ result: FetchReport.Result) {
    let second = time.monotonic().nanoseconds / 1_000_000_000
    let isNotModified =
      if case .notModified = result { true } else { false }
    state.withLock { state in
      if state.seconds.last?.at != second { state.seconds.append((second, 0, 0)) }
      let last = state.seconds.count - 1
      state.seconds[last].fetches += 1
      state.seconds[last].notModified += isNotModified ? 1 : 0
      state.seconds.removeAll { $0.at <= second - 60 }
    }
  }

  func show(due: Int, fetching: Int) {
    state.withLock { ($0.due, $0.fetching) = (due, fetching) }
  }

  func show(downloading: Int) { state.withLock { $0.downloading = downloading } }

  var isBusy: Bool {
    state.withLock { $0.due + $0.fetching + $0.downloading > 0 }
  }

  /// Fills in what only this knows.
  func fill(_ summary: inout FeederSummary) {
    let oldest = time.monotonic().nanoseconds / 1_000_000_000 - 60
    state.withLock { state in
      let minute = state.seconds.filter { $0.at > oldest }
      summary.fetchesPerMinute = minute.reduce(0) { $0 + $1.fetches }
      summary.notModifiedPerMinute = minute.reduce(0) { $0 + $1.notModified }
      summary.due = state.due
      summary.fetching = state.fetching
      summary.downloading = state.downloading
    }
  }
}
