internal import Base
internal import Messages
internal import Storage

/// Says once a second how the work goes, while there is some, and keeps the gauges of feeds.
struct SummaryTeller: Sendable {
  let database: Database
  let metrics: FeederMetrics
  let pace: Pace
  let tell: @Sendable (FeederSummary) -> Void

  /// Works until the task is cancelled.
  func run() async {
    var wasBusy = true
    var round = 0
    while !Task.isCancelled {
      // A quiet feeder says it now and then, for those who have just come.
      if pace.isBusy || wasBusy || round % 10 == 0, let summary = await summary() { tell(summary) }
      wasBusy = pace.isBusy
      round += 1
      try? await Task.sleep(for: .seconds(1))
    }
  }

  private func summary() async -> FeederSummary? {
    let read = try? await database.read { transaction in
      (
        try FeedCatalog.states(transaction), try EpisodeCatalog.counts(transaction),
        try EpisodeCatalog.sum(transaction)
      )
    }
    guard let (feeds, episodes, sum) = read else { return nil }
    metrics.show(feeds)
    var summary = FeederSummary(
      feeds: feeds.values.reduce(0, +), failing: feeds[.failing] ?? 0,
      broken: (feeds[.broken] ?? 0) + (feeds[.gone] ?? 0),
      queuedEpisodes: (episodes[.queued] ?? 0) + (episodes[.waiting] ?? 0),
      archivedEpisodes: sum.count, archivedBytes: sum.bytes)
    metrics.show(episodes)
    pace.fill(&summary)
    return summary
  }
}
