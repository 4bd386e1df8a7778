import Base
import Messages
import Storage

/// The ledger's rows: spans in which a stream was wanted and nothing was captured, with the cause.
///
/// At most one row of a stream is open (it lasts still). A change of cause closes one row and opens
/// the next, so that rows never overlap by our own doing.
enum GapCatalog {
  /// From now on nothing is captured, for this cause.
  static func open(
    _ stream: StreamID, at start: Instant, _ cause: Gap.Cause, _ detail: String,
    _ transaction: Transaction
  ) throws(StorageError) {
    try close(stream, at: start, transaction)
    try transaction.execute(
      "INSERT INTO gaps (stream, start_us, end_us, cause, detail) VALUES (?, ?, NULL, ?, ?)",
      stream, start, cause.rawValue, detail)
  }

  /// The open one ends; it is dropped where nothing is left of it.
  static func close(
    _ stream: StreamID, at end: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE gaps SET end_us = max(start_us, ?) WHERE stream = ? AND end_us IS NULL", end,
      stream)
    try transaction.execute("DELETE FROM gaps WHERE stream = ? AND end_us <= start_us", stream)
  }

  /// An outage that had several causes is over, and the tape goes on from `end`: no row of it, open
  /// or closed, reaches beyond.
  static func cutOutage(
    _ stream: StreamID, since start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      UPDATE gaps SET end_us = max(start_us, ?1)
      WHERE stream = ?2 AND start_us >= ?3 AND coalesce(end_us, ?1 + 1) > ?1
      """, end, stream, start)
    try transaction.execute("DELETE FROM gaps WHERE stream = ? AND end_us <= start_us", stream)
  }

  static func insert(
    _ stream: StreamID, _ gap: Gap, _ transaction: Transaction
  ) throws(StorageError) {
    guard gap.end > gap.start else { return }
    // The same gap may be found again after a restart.
    try transaction.execute(
      """
      INSERT INTO gaps (stream, start_us, end_us, cause, detail)
      SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
        SELECT 1 FROM gaps WHERE stream = ?1 AND start_us = ?2 AND end_us = ?3 AND cause = ?4)
      """, stream, gap.start, gap.end, gap.cause.rawValue, gap.detail)
  }

  /// Takes back what begins there or later, also what lasts still.
  static func withdraw(
    _ stream: StreamID, from start: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "DELETE FROM gaps WHERE stream = ? AND (start_us >= ? OR end_us IS NULL)", stream, start)
  }

  /// Streams of which nothing comes now, and since when.
  static func openStarts(_ transaction: Transaction) throws(StorageError) -> [StreamID: Instant] {
    let rows = try transaction.all(
      "SELECT stream, start_us FROM gaps WHERE end_us IS NULL"
    ) { (row: borrowing Row) throws(StorageError) in
      (try row.identifier(0) as StreamID, try row.instant(1))
    }
    return Dictionary(rows, uniquingKeysWith: min)
  }

  /// Why nothing comes now; nil while something does.
  static func openCause(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Gap.Cause? {
    try transaction.first("SELECT cause FROM gaps WHERE stream = ? AND end_us IS NULL", stream) {
      (row: borrowing Row) throws(StorageError) in Gap.Cause(rawValue: try row.text(0)) ?? .unknown
    }
  }

  /// Enters a gap, as one with its neighbours of the same cause and sentence.
  static func extend(
    _ stream: StreamID, _ gap: Gap, within tolerance: Duration, _ transaction: Transaction
  ) throws(StorageError) {
    var start = gap.start
    var end = gap.end
    let neighbours = try transaction.all(
      """
      SELECT id, start_us, end_us FROM gaps
      WHERE stream = ? AND cause = ? AND detail = ? AND start_us <= ? AND end_us >= ?
      """, stream, gap.cause.rawValue, gap.detail, gap.end + tolerance, gap.start - tolerance
    ) { (row: borrowing Row) throws(StorageError) in
      (try row.int64(0), try row.instant(1), try row.instant(2))
    }
    for (id, from, to) in neighbours {
      start = min(start, from)
      end = max(end, to)
      try transaction.execute("DELETE FROM gaps WHERE id = ?", id)
    }
    try insert(
      stream, Gap(start: start, end: end, cause: gap.cause, detail: gap.detail), transaction)
  }

  /// What was missing of each tape since then, but for what was not kept and what no time passed for.
  /// Found by its end, so that years of gaps cost nothing.
  static func missing(
    since start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [StreamID: [TimeSpan]] {
    let rows = try transaction.all(
      """
      SELECT stream, start_us, end_us FROM gaps
      WHERE end_us > ?1 AND cause NOT IN ('not-kept', 'clock-set')
      UNION ALL
      SELECT stream, start_us, ?2 FROM gaps WHERE end_us IS NULL
      """, start, end
    ) { (row: borrowing Row) throws(StorageError) -> (StreamID, TimeSpan) in
      (
        try row.identifier(0),
        TimeSpan(start: try row.instant(1), end: try row.instant(2))
      )
    }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
  }

  /// Those that touch the window, an open one lasting to the window's end; the newest last.
  static func overlapping(
    _ stream: StreamID, from start: Instant, to end: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [Gap] {
    try transaction.all(
      """
      SELECT start_us, coalesce(end_us, ?), cause, detail FROM gaps
      WHERE stream = ? AND start_us < ? AND coalesce(end_us, ?) > ? ORDER BY start_us, id
      """, end, stream, end, end, start
    ) { (row: borrowing Row) throws(StorageError) in
      guard let cause = Gap.Cause(rawValue: try row.text(2)) else {
        throw StorageError(.misuse, "a gap's row holds an unknown cause")
      }
      return Gap(
        start: try row.instant(0), end: try row.instant(1), cause: cause,
        detail: try row.text(3))
    }
  }
}
