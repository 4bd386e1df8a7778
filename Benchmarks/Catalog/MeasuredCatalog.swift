internal import Base
internal import Storage
internal import Subprocess
internal import TestSupport

/// What is looked at, or set, in the databases of the services that are measured, where they say it
/// nowhere else.
enum MeasuredCatalog {
  /// A recorder's windows that are open, and when each was opened.
  static func openedWindows(
    _ transaction: Transaction
  ) throws(StorageError) -> [(start: Instant, openedAt: Instant)] {
    try transaction.all(
      "SELECT start_us, updated_at_us FROM recordings WHERE state = 'recording'"
    ) { (row: borrowing Row) throws(StorageError) in (try row.instant(0), try row.instant(1)) }
  }

  /// All feeds, as after a night, while the feeder does not run. By a process of its own: a connection
  /// of ours would keep its lock on the database, and the feeder could not open it.
  static func makeAllFeedsDue(in database: String) async throws {
    let change = ChildCommand("sqlite3", [database, "UPDATE feeds SET next_at_us = 0"])
    let run = try await ChildProcess.run(change, timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("sqlite3 \(run.exit): \(run.errorText)") }
  }
}
