import Base
import Messages
import Storage

/// Podcasts' feeds, as the feeder last said: tens of thousands, so they are only ever listed in
/// parts.
enum FeedCatalog {
  static func store(_ change: FeedChanged, _ transaction: Transaction) throws {
    guard let feed = change.feed else {
      try transaction.execute("DELETE FROM feeds WHERE id = ?", change.id)
      try transaction.execute("DELETE FROM episodes WHERE feed = ?", change.id)
      return
    }
    let address = Redactor.redact(feed.url)
    let label = (feed.name ?? change.status.title ?? address).lowercased()
    let search = [feed.name, change.status.title, address, feed.id.text].compactMap { $0 }
      .joined(separator: "\n").lowercased()
    try transaction.execute(
      """
      INSERT OR REPLACE INTO feeds (id, label, search, state, archived, archived_bytes, body)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """, change.id, label, search, change.status.state.rawValue, change.status.archived,
      change.status.archivedBytes, StoredJSON.encode(change))
  }

  static func find(_ id: FeedID, _ transaction: Transaction) throws -> FeedChanged? {
    let text = try transaction.first("SELECT body FROM feeds WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// A part of the list by name, and where the next one begins; nil at its end. `search` is found
  /// anywhere in name, title or address.
  static func page(
    search: String, state: FeedState?, after: Cursor?, limit: Int, _ transaction: Transaction
  ) throws -> (feeds: [FeedChanged], next: Cursor?) {
    let rows = try transaction.all(
      """
      SELECT id, label, body FROM feeds
      WHERE (? IS NULL OR state = ?) AND instr(search, ?) > 0 AND (label, id) > (?, ?)
      ORDER BY label, id LIMIT ?
      """, state?.rawValue, state?.rawValue, search.lowercased(), after?.key ?? "",
      after?.id ?? "", limit + 1
    ) { (row: borrowing Row) throws(StorageError) in
      (id: try row.text(0), label: try row.text(1), body: try row.text(2))
    }
    let shown = rows.prefix(limit)
    let next = rows.count > limit ? shown.last.map { Cursor(key: $0.label, id: $0.id) } : nil
    return (try shown.map { try StoredJSON.decode($0.body) }, next)
  }

  static func identifiers(_ transaction: Transaction) throws -> Set<FeedID> {
    Set(
      try transaction.all("SELECT id FROM feeds") {
        (row: borrowing Row) throws(StorageError) in try row.identifier(0, as: FeedID.self)
      })
  }

  /// How many there are of each state, and what is in the archive.
  static func totals(_ transaction: Transaction) throws -> FeedTotals {
    let rows = try transaction.all(
      "SELECT state, count(*), sum(archived), sum(archived_bytes) FROM feeds GROUP BY state"
    ) { (row: borrowing Row) throws(StorageError) in
      (
        state: try row.text(0), feeds: try row.int(1), archived: try row.int(2),
        bytes: try row.int64(3)
      )
    }
    return FeedTotals(
      states: Dictionary(uniqueKeysWithValues: rows.map { ($0.state, $0.feeds) }),
      archived: rows.reduce(0) { $0 + $1.archived },
      archivedBytes: rows.reduce(0) { $0 + $1.bytes })
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM feeds")
    try transaction.execute("DELETE FROM episodes")
  }
}

struct FeedTotals: Encodable, Sendable {
  var states: [String: Int]
  /// Episodes whose files are in the archive.
  var archived: Int
  var archivedBytes: Int64
}
