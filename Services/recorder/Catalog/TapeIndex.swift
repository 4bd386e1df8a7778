import Base
import Messages
import Storage

/// The questions that readers of tapes ask; each is answered by the indexes, whatever the tape's
/// length.
enum TapeIndex {
  struct Total: Hashable, Sendable {
    var stream: StreamID
    var start: Instant
    var end: Instant
    var bytes: Int64
    var segments: Int64
  }

  /// A span without audio, which may last still.
  struct Hole: Hashable, Sendable {
    var start: Instant
    var end: Instant?
    var cause: Gap.Cause
    var detail: String
  }

  /// A piece of one tape.
  struct Page: Hashable, Sendable {
    var segments: [Segment]
    var holes: [Hole]
    /// Where to ask on, where there is more than one answer may hold.
    var next: Instant?
  }

  static func totals(_ transaction: Transaction) throws(StorageError) -> [Total] {
    try transaction.all(
      """
      SELECT tapes.stream, first.start_us, last.start_us + last.duration_us, tapes.bytes,
        tapes.segments
      FROM tapes
      JOIN segments AS first ON first.stream = tapes.stream AND first.sequence =
        (SELECT sequence FROM segments WHERE stream = tapes.stream ORDER BY start_us LIMIT 1)
      JOIN segments AS last ON last.stream = tapes.stream AND last.sequence =
        (SELECT sequence FROM segments WHERE stream = tapes.stream ORDER BY start_us DESC LIMIT 1)
      ORDER BY tapes.stream
      """
    ) { (row: borrowing Row) throws(StorageError) in
      Total(
        stream: try row.identifier(0), start: try row.instant(1), end: try row.instant(2),
        bytes: try row.int64(3), segments: try row.int64(4))
    }
  }

  static func hasTape(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.first("SELECT 1 FROM tapes WHERE stream = ?", stream) {
      (row: borrowing Row) throws(StorageError) in try row.int(0)
    } != nil
  }

  /// Whether there is a tape, or one was wanted.
  static func isKnown(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.first(
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM tapes WHERE stream = ?1) "
        + "OR EXISTS (SELECT 1 FROM wanted WHERE stream = ?1)", stream
    ) { (row: borrowing Row) throws(StorageError) in try row.int(0) } != nil
  }

  /// What overlaps [start, end), by time, at most `limit` segments and as many holes.
  static func page(
    _ stream: StreamID, from start: Instant, to end: Instant, limit: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> Page {
    let segments = try SegmentCatalog.byTime(
      stream, from: start, to: end, limit: limit + 1, transaction)
    let holes = try holes(stream, from: start, to: end, limit: limit + 1, transaction)
    let cut = [
      segments.count > limit ? segments[limit].start : end,
      holes.count > limit ? holes[limit].start : end,
    ].min()
    guard let cut, cut < end else { return Page(segments: segments, holes: holes) }
    return Page(
      segments: segments.filter { $0.start < cut }, holes: holes.filter { $0.start < cut },
      next: cut)
  }

  private static func holes(
    _ stream: StreamID, from start: Instant, to end: Instant, limit: Int,
    _ transaction: Transaction
  ) throws(StorageError) -> [Hole] {
    try transaction.all(
      """
      SELECT start_us, end_us, cause, detail FROM gaps
      WHERE stream = ? AND start_us < ? AND (end_us IS NULL OR end_us > ?)
      ORDER BY start_us, id LIMIT ?
      """, stream, end, start, limit
    ) { (row: borrowing Row) throws(StorageError) in
      guard let cause = Gap.Cause(rawValue: try row.text(2)) else {
        throw StorageError(.misuse, "a gap's row holds an unknown cause")
      }
      return Hole(
        start: try row.instant(0), end: try row.optionalInstant(1), cause: cause,
        detail: try row.text(3))
    }
  }
}
