import Base
import Messages
import Storage

/// The ledger's rows of what was wanted: spans in which the plan needed a stream, whether or not it
/// came. At most one row of a stream is open (it lasts still).
enum WantedCatalog {
  /// Wanted from now on; what is wanted already goes on.
  static func open(
    _ stream: StreamID, at start: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    let isOpen = try transaction.first(
      "SELECT 1 FROM wanted WHERE stream = ? AND end_us IS NULL", stream
    ) { (row: borrowing Row) throws(StorageError) in try row.int(0) }
    guard isOpen == nil else { return }
    try transaction.execute(
      "INSERT INTO wanted (stream, start_us, end_us) VALUES (?, ?, NULL)", stream, start)
  }

  /// No longer wanted; dropped where nothing is left of it.
  static func close(
    _ stream: StreamID, at end: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE wanted SET end_us = max(start_us, ?) WHERE stream = ? AND end_us IS NULL", end, stream
    )
    try transaction.execute("DELETE FROM wanted WHERE stream = ? AND end_us <= start_us", stream)
  }

  /// Streams that are wanted now, and since when.
  static func open(_ transaction: Transaction) throws(StorageError) -> [StreamID: Instant] {
    let rows = try transaction.all(
      "SELECT stream, start_us FROM wanted WHERE end_us IS NULL"
    ) { (row: borrowing Row) throws(StorageError) in
      (try row.identifier(0) as StreamID, try row.instant(1))
    }
    return Dictionary(rows, uniquingKeysWith: min)
  }

  /// What of [from, to) was wanted; what lasts still ends at `to`.
  static func overlapping(
    _ stream: StreamID, from start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [TimeSpan] {
    try transaction.all(
      """
      SELECT max(start_us, ?2), min(coalesce(end_us, ?3), ?3) FROM wanted
      WHERE stream = ?1 AND start_us < ?3 AND coalesce(end_us, ?3) > ?2 ORDER BY start_us
      """, stream, start, end
    ) { (row: borrowing Row) throws(StorageError) in
      TimeSpan(start: try row.instant(0), end: try row.instant(1))
    }
  }

  /// What was wanted after that instant, of all streams; what lasts still never ends.
  static func spans(
    since start: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [StreamID: [TimeSpan]] {
    let rows = try transaction.all(
      "SELECT stream, start_us, end_us FROM wanted WHERE end_us IS NULL OR end_us > ?", start
    ) { (row: borrowing Row) throws(StorageError) -> (StreamID, TimeSpan) in
      (
        try row.identifier(0),
        TimeSpan(start: try row.instant(1), end: try row.optionalInstant(2) ?? .distantFuture)
      )
    }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
  }

  /// Streams of which anything was wanted after that instant.
  static func streams(
    since start: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [StreamID] {
    try transaction.all(
      "SELECT DISTINCT stream FROM wanted WHERE end_us IS NULL OR end_us > ? ORDER BY stream", start
    ) { (row: borrowing Row) throws(StorageError) in try row.identifier(0) }
  }
}
