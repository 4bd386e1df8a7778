import Base
import Messages
import Metrics
import Storage

/// Goes over the ledger behind the captures, and counts what nothing explains: that is a defect of
/// Airloom, never of a station.
///
/// It stays some minutes behind, because what a full disk holds up is entered when there is room.
struct LedgerWatch: Sendable {
  static let distance = Duration.seconds(300)
  static let interval = Duration.seconds(60)

  let database: Database
  let metrics: RecorderMetrics
  let log: Logger
  let time: any TimeSource

  func run() async {
    var reached = time.now() - LedgerWatch.distance
    while !Task.isCancelled {
      try? await Task.sleep(for: LedgerWatch.interval)
      let end = time.now() - LedgerWatch.distance
      // A clock that was set back brings the same time again.
      if end > reached { await look(from: reached, to: end) }
      reached = end
    }
  }

  /// Returns what it found, for tests.
  @discardableResult
  func look(from: Instant, to: Instant) async -> [Gap] {
    var found: [Gap] = []
    do {
      let streams = try await database.read { try WantedCatalog.streams(since: from, $0) }
      for stream in streams {
        let account = try await TapeLedger.account(of: stream, from: from, to: to, in: database)
        for gap in account.unexplained {
          metrics.unexplainedMilliseconds.increment(
            by: Int(((gap.end - gap.start).microseconds + 999) / 1000))
          log.error(
            "nothing explains a gap", ("stream", stream), ("from", gap.start), ("to", gap.end))
          found.append(gap)
        }
      }
    } catch {
      log.warning("the ledger cannot be read", ("error", "\(error)"))
    }
    return found
  }
}
