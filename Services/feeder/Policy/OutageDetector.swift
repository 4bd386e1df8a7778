internal import Base

/// Tells our own outage from the feeds' faults: when nearly everybody fails to connect, it is us.
///
/// While it is us, no feed is blamed and no circuit opens. Kept in memory only: after a restart it
/// takes a few fetches to know again, which cost each feed one failure at most.
struct OutageDetector: Sendable {
  /// How many of the newest fetches are looked at.
  var window = 24
  /// Fewer say nothing.
  var least = 6
  /// On so many servers at least: one that is down with all its feeds is not us.
  var leastHosts = 3

  private var newest: [(host: String, isConnectionFailure: Bool)] = []

  /// Notes how a fetch ended, and answers whether we seem to be cut off.
  mutating func note(host: String, isConnectionFailure: Bool) -> Bool {
    newest.append((host, isConnectionFailure))
    if newest.count > window { newest.removeFirst() }
    return isOutage
  }

  var isOutage: Bool {
    let failed = newest.filter(\.isConnectionFailure)
    // Somebody who was reached last shows that we are there again.
    guard newest.count >= least, newest.last?.isConnectionFailure == true else { return false }
    return failed.count * 10 >= newest.count * 8 && Set(failed.map(\.host)).count >= leastHosts
  }
}
