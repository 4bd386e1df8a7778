import Base
import Messages
import Storage

/// Episodes that are or were to be downloaded, as the feeder last said.
enum EpisodeCatalog {
  static func store(_ episode: Episode, _ transaction: Transaction) throws {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO episodes (id, feed, state, published_at_us, updated_at_us, body)
      VALUES (?, ?, ?, ?, ?, ?)
      """, episode.id, episode.feed, episode.state.rawValue,
      episode.publishedAt ?? episode.updatedAt, episode.updatedAt, StoredJSON.encode(episode))
  }

  static func find(_ id: EpisodeID, _ transaction: Transaction) throws -> Episode? {
    let text = try transaction.first("SELECT body FROM episodes WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// Of one feed, the latest published first.
  static func select(
    of feed: FeedID, state: EpisodeState?, after: Cursor?, limit: Int, _ transaction: Transaction
  ) throws -> [Episode] {
    let texts = try transaction.all(
      """
      SELECT body FROM episodes
      WHERE feed = ? AND (? IS NULL OR state = ?) AND (published_at_us, id) < (?, ?)
      ORDER BY published_at_us DESC, id DESC LIMIT ?
      """, feed, state?.rawValue, state?.rawValue, after?.number ?? .max, after?.id ?? "", limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  /// Of all feeds, what changed last first.
  static func select(
    state: EpisodeState?, after: Cursor?, limit: Int, _ transaction: Transaction
  ) throws -> [Episode] {
    let texts = try transaction.all(
      """
      SELECT body FROM episodes
      WHERE (? IS NULL OR state = ?) AND (updated_at_us, id) < (?, ?)
      ORDER BY updated_at_us DESC, id DESC LIMIT ?
      """, state?.rawValue, state?.rawValue, after?.number ?? .max, after?.id ?? "", limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func counts(_ transaction: Transaction) throws -> [String: Int] {
    let pairs = try transaction.all("SELECT state, count(*) FROM episodes GROUP BY state") {
      (row: borrowing Row) throws(StorageError) in (try row.text(0), try row.int(1))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

extension Episode {
  /// The cursor behind it in the list of its feed.
  var publishedCursor: Cursor { Cursor(at: publishedAt ?? updatedAt, id: id) }
}
