import Base

/// What happened to one stream in the last hour, by five minutes: (totals, now) → counts. A value.
struct HealthHistory: Sendable {
  /// Since the capture was made.
  struct Totals: Hashable, Sendable {
    var outages = 0
    var stalls = 0
    var uncertainSplices = 0
    var givenUp = Duration.zero
  }

  private struct Entry {
    var from: Monotonic
    var totals: Totals
  }

  private static let step = Duration.seconds(300)
  private static let span = Duration.seconds(3600)

  /// The totals at the beginning of each five minutes, oldest first.
  private var entries: [Entry] = []

  /// What was added in the last hour.
  mutating func note(_ totals: Totals, now: Monotonic) -> Totals {
    if entries.last.map({ now - $0.from >= HealthHistory.step }) ?? true {
      entries.append(Entry(from: now, totals: entries.isEmpty ? Totals() : totals))
    }
    while entries.count > 1, now - entries[1].from >= HealthHistory.span { entries.removeFirst() }
    let first = entries.first?.totals ?? totals
    return Totals(
      outages: totals.outages - first.outages, stalls: totals.stalls - first.stalls,
      uncertainSplices: totals.uncertainSplices - first.uncertainSplices,
      givenUp: totals.givenUp - first.givenUp)
  }
}
