import Base
import Messages
import Storage

/// What streams announced and when: the as-run log, on the clock of the tapes.
enum TitleCatalog {
  /// How long a title may stand: what is older says nothing of now.
  static let longest = Duration.seconds(86_400)

  /// A second one at the same instant takes the first one's place.
  static func insert(
    _ stream: StreamID, _ title: AnnouncedTitle, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO titles (stream, at_us, title) VALUES (?, ?, ?)
      ON CONFLICT (stream, at_us) DO UPDATE SET title = excluded.title
      """, stream, title.at, title.title)
  }

  static func last(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> AnnouncedTitle? {
    try transaction.first(
      "SELECT at_us, title FROM titles WHERE stream = ? ORDER BY at_us DESC LIMIT 1", stream,
      read: read)
  }

  /// Those of [from, to) in order, and before them the one that stood then.
  static func announced(
    _ stream: StreamID, from start: Instant, to end: Instant, limit: Int = 100_000,
    _ transaction: Transaction
  ) throws(StorageError) -> [AnnouncedTitle] {
    let standing = try transaction.first(
      """
      SELECT at_us, title FROM titles WHERE stream = ? AND at_us < ? AND at_us >= ?
      ORDER BY at_us DESC LIMIT 1
      """, stream, start, start - longest, read: read)
    let inside = try transaction.all(
      """
      SELECT at_us, title FROM titles WHERE stream = ? AND at_us >= ? AND at_us < ?
      ORDER BY at_us LIMIT ?
      """, stream, start, end, limit, read: read)
    return (standing.map { [$0] } ?? []) + inside
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> AnnouncedTitle {
    AnnouncedTitle(at: try row.instant(0), title: try row.text(1))
  }
}
