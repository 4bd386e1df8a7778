internal import Base
internal import FoundationEssentials
internal import Messages
internal import Storage

/// One episode as it is kept.
struct EpisodeRow: Hashable, Sendable {
  let id: EpisodeID
  let feed: FeedID
  var title: String
  var publishedAt: Instant?
  var seenAt: Instant
  var url: String
  var type: String?
  var declaredBytes: Int64?
  var declaredDurationUs: Int64?
  var standing = EpisodeStanding()
  var serverBytes: Int64?
  /// Of what lies under the temporary name.
  var partValidator: String?
  var partURL: String?
  var doubtSHA256: String?
  /// Where the checked file is to be, or is.
  var placed: FinishedFile?
  /// 0 where another episode has the same file.
  var archivedBytes: Int64?
  var updatedAt: Instant

  var host: String { FeedCatalog.host(of: url) }

  /// nil while it is only listed: then it is counted in its feed's status.
  var event: EpisodeChanged? {
    guard standing.state != .listed else { return nil }
    let isTold = standing.state != .queued && standing.state != .downloading
    return EpisodeChanged(
      episode: Episode(
        id: id, feed: feed, title: title, publishedAt: publishedAt, url: url,
        state: standing.state, reason: isTold ? standing.reason : nil,
        attempts: standing.attempts, retryAt: standing.retryAt,
        bytes: serverBytes ?? declaredBytes, durationUs: declaredDurationUs,
        file: standing.state == .archived ? placed : nil, updatedAt: updatedAt))
  }
}

/// The rows of episodes.
enum EpisodeCatalog {
  private static let columns = """
    id, feed, title, published_at_us, seen_at_us, url, type, declared_bytes, declared_duration_us,
    state, attempts, failures, crashes, reason, retry_at_us, server_bytes, part_validator,
    part_url, doubt_sha256, placed, archived_bytes, updated_at_us
    """

  /// Every column but the id, as it is in the row that was to be inserted.
  private static let assignments = "\(columns), host, placed_path, sha256"
    .split { $0 == "," || $0 == " " || $0 == "\n" }.dropFirst()
    .map { "\($0) = excluded.\($0)" }.joined(separator: ", ")

  static func find(_ id: EpisodeID, _ transaction: Transaction) throws -> EpisodeRow? {
    try transaction.first("SELECT \(columns) FROM episodes WHERE id = ?", id.text, read: read)
      .map(decoded)
  }

  static func save(_ row: EpisodeRow, _ transaction: Transaction) throws {
    let placed = try row.placed.map {
      String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
    }
    let isArchived = row.standing.state == .archived
    try transaction.execute(
      """
      INSERT INTO episodes (\(columns), host, placed_path, sha256)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET \(assignments)
      """, row.id.text, row.feed.text, row.title, row.publishedAt, row.seenAt, row.url, row.type,
      row.declaredBytes, row.declaredDurationUs, row.standing.state.rawValue,
      row.standing.attempts, row.standing.failures, row.standing.crashes, row.standing.reason,
      row.standing.retryAt, row.serverBytes, row.partValidator, row.partURL, row.doubtSHA256,
      placed, row.archivedBytes, row.updatedAt, row.host, row.placed?.path,
      isArchived ? row.placed?.sha256 : nil)
  }

  // MARK: - Names

  static func known(
    _ name: EpisodeIdentity.Name, in feed: FeedID, _ transaction: Transaction
  ) throws(StorageError) -> EpisodeIdentity.Known? {
    try transaction.first(
      """
      SELECT e.id, e.title, e.published_at_us FROM episode_names n
      JOIN episodes e ON e.id = n.episode WHERE n.feed = ? AND n.kind = ? AND n.name = ?
      """, feed.text, name.kind.rawValue, name.text
    ) { row throws(StorageError) in
      EpisodeIdentity.Known(
        id: try row.identifier(0), title: try row.text(1), published: try row.optionalInstant(2))
    }
  }

  static func name(
    _ episode: EpisodeID, _ name: EpisodeIdentity.Name, in feed: FeedID,
    _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "INSERT OR REPLACE INTO episode_names (feed, kind, name, episode) VALUES (?, ?, ?, ?)",
      feed.text, name.kind.rawValue, name.text, episode.text)
  }

  // MARK: - Questions

  /// Those that could be begun now, of each server a few: first what waited for another try, then the
  /// newest of what is queued, the servers from `start` on in turn. Its cost is in servers, not in
  /// episodes, of which a million may be queued.
  static func due(
    at now: Instant, perHost limit: Int, from start: String, _ transaction: Transaction
  ) throws(StorageError) -> [Candidate] {
    var candidates = try transaction.all(
      """
      SELECT e.id, e.host FROM episodes e JOIN feeds f ON f.id = e.feed
      WHERE e.state = 'waiting' AND e.retry_at_us <= ? AND f.is_enabled = 1
      ORDER BY e.retry_at_us LIMIT 200
      """, now, read: candidate)
    let hosts = try queuedHosts(transaction)
    let turn = hosts.firstIndex { $0 > start } ?? 0
    for host in hosts[turn...] + hosts[..<turn] where candidates.count < 400 {
      candidates += try transaction.all(
        """
        SELECT e.id, e.host FROM episodes e JOIN feeds f ON f.id = e.feed
        WHERE e.state = 'queued' AND e.host = ? AND f.is_enabled = 1
        ORDER BY e.published_at_us DESC LIMIT ?
        """, host, limit, read: candidate)
    }
    return candidates
  }

  struct Candidate: Hashable, Sendable {
    let id: EpisodeID
    let host: String
  }

  private static func candidate(_ row: borrowing Row) throws(StorageError) -> Candidate {
    Candidate(id: try row.identifier(0), host: try row.text(1))
  }

  /// By seeks in the index from one server to the next.
  private static func queuedHosts(
    _ transaction: Transaction
  ) throws(StorageError) -> [String] {
    try transaction.all(
      """
      WITH RECURSIVE hosts (host) AS (
        SELECT min(host) FROM episodes WHERE state = 'queued'
        UNION ALL
        SELECT (SELECT min(host) FROM episodes WHERE state = 'queued' AND host > hosts.host)
        FROM hosts WHERE hosts.host IS NOT NULL
      )
      SELECT host FROM hosts WHERE host IS NOT NULL
      """
    ) { row throws(StorageError) in try row.text(0) }
  }

  static func nextDue(
    after now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> Instant? {
    try transaction.first(
      "SELECT min(retry_at_us) FROM episodes WHERE state = 'waiting' AND retry_at_us > ?", now
    ) { row throws(StorageError) in try row.optionalInstant(0) } ?? nil
  }

  /// What the last process left in the middle.
  static func underWay(_ transaction: Transaction) throws -> [EpisodeRow] {
    try transaction.all(
      "SELECT \(columns) FROM episodes WHERE state IN ('downloading', 'validating')", read: read
    ).map(decoded)
  }

  /// An archived episode with that content.
  static func archived(
    sha256: String, _ transaction: Transaction
  ) throws -> EpisodeRow? {
    try transaction.first(
      "SELECT \(columns) FROM episodes WHERE sha256 = ? AND archived_bytes > 0 LIMIT 1", sha256,
      read: read
    ).map(decoded)
  }

  /// The names in a feed's folder that are taken or about to be.
  static func placedNames(
    of feed: FeedID, except id: EpisodeID, _ transaction: Transaction
  ) throws(StorageError) -> [String] {
    try transaction.all(
      """
      SELECT placed_path FROM episodes WHERE feed = ? AND id <> ? AND placed_path IS NOT NULL
      """, feed.text, id.text
    ) { row throws(StorageError) in try row.text(0) }
  }

  /// Of the newest that a feed listed, in their order: what is to be downloaded is chosen of them.
  static func newest(
    _ limit: Int, of feed: FeedID, _ transaction: Transaction
  ) throws(StorageError) -> Set<EpisodeID> {
    Set(
      try transaction.all(
        """
        SELECT id FROM episodes WHERE feed = ?
        ORDER BY coalesce(published_at_us, seen_at_us) DESC, seen_at_us DESC LIMIT ?
        """, feed.text, limit
      ) { row throws(StorageError) in try row.identifier(0) })
  }

  /// The newest of those that are only listed and were never asked for.
  static func listed(
    of feed: FeedID, limit: Int, _ transaction: Transaction
  ) throws -> [EpisodeRow] {
    try transaction.all(
      """
      SELECT \(columns) FROM episodes WHERE feed = ? AND state = 'listed'
      ORDER BY coalesce(published_at_us, seen_at_us) DESC LIMIT ?
      """, feed.text, limit, read: read
    ).map(decoded)
  }

  /// For a snapshot: what is unfinished, and the newest of each feed.
  static func forSnapshot(
    perFeed limit: Int, unfinished: Int, _ transaction: Transaction
  ) throws -> [EpisodeRow] {
    try transaction.all(
      """
      SELECT \(columns) FROM episodes WHERE id IN (
        SELECT id FROM (
          SELECT id, row_number() OVER (
            PARTITION BY feed ORDER BY coalesce(published_at_us, seen_at_us) DESC
          ) AS place FROM episodes WHERE state <> 'listed'
        ) WHERE place <= ?
        UNION
        SELECT id FROM (
          SELECT id FROM episodes WHERE state NOT IN ('listed', 'archived')
          ORDER BY updated_at_us DESC LIMIT ?
        )
      )
      """, limit, unfinished, read: read
    ).map(decoded)
  }

  static func sum(of feed: FeedID, _ transaction: Transaction) throws(StorageError) -> ArchivedSum {
    try transaction.first(
      """
      SELECT count(*), coalesce(sum(archived_bytes), 0) FROM episodes
      WHERE feed = ? AND state = 'archived'
      """, feed.text
    ) { row throws(StorageError) in
      ArchivedSum(count: try row.int(0), bytes: try row.int64(1))
    } ?? ArchivedSum()
  }

  static func sums(_ transaction: Transaction) throws(StorageError) -> [FeedID: ArchivedSum] {
    let rows = try transaction.all(
      """
      SELECT feed, count(*), coalesce(sum(archived_bytes), 0) FROM episodes
      WHERE state = 'archived' GROUP BY feed
      """
    ) { row throws(StorageError) -> (FeedID, ArchivedSum) in
      (try row.identifier(0), ArchivedSum(count: try row.int(1), bytes: try row.int64(2)))
    }
    return Dictionary(rows, uniquingKeysWith: { $1 })
  }

  static func sum(_ transaction: Transaction) throws(StorageError) -> ArchivedSum {
    try transaction.first(
      "SELECT count(*), coalesce(sum(archived_bytes), 0) FROM episodes WHERE state = 'archived'"
    ) { row throws(StorageError) in
      ArchivedSum(count: try row.int(0), bytes: try row.int64(1))
    } ?? ArchivedSum()
  }

  static func failedCount(_ transaction: Transaction) throws(StorageError) -> Int {
    try transaction.first("SELECT count(*) FROM episodes WHERE state = 'failed'") {
      row throws(StorageError) in try row.int(0)
    } ?? 0
  }

  static func counts(
    _ transaction: Transaction
  ) throws(StorageError) -> [EpisodeState: Int] {
    let rows = try transaction.all("SELECT state, count(*) FROM episodes GROUP BY state") {
      row throws(StorageError) in (try row.text(0), try row.int(1))
    }
    var counts: [EpisodeState: Int] = [:]
    for (state, count) in rows { counts[try stateNamed(state)] = count }
    return counts
  }

  private struct Stored {
    var placed: String?
    var row: EpisodeRow
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> Stored {
    let found = EpisodeRow(
      id: try row.identifier(0), feed: try row.identifier(1), title: try row.text(2),
      publishedAt: try row.optionalInstant(3), seenAt: try row.instant(4), url: try row.text(5),
      type: try row.optionalText(6), declaredBytes: try row.optionalInt64(7),
      declaredDurationUs: try row.optionalInt64(8),
      standing: EpisodeStanding(
        state: try stateNamed(row.text(9)), attempts: try row.int(10), failures: try row.int(11),
        crashes: try row.int(12), reason: try row.optionalText(13),
        retryAt: try row.optionalInstant(14)),
      serverBytes: try row.optionalInt64(15), partValidator: try row.optionalText(16),
      partURL: try row.optionalText(17), doubtSHA256: try row.optionalText(18), placed: nil,
      archivedBytes: try row.optionalInt64(20), updatedAt: try row.instant(21))
    return Stored(placed: try row.optionalText(19), row: found)
  }

  private static func decoded(_ stored: Stored) throws -> EpisodeRow {
    var row = stored.row
    row.placed = try stored.placed.map {
      try JSONDecoder().decode(FinishedFile.self, from: Data($0.utf8))
    }
    return row
  }

  private static func stateNamed(_ text: String) throws(StorageError) -> EpisodeState {
    guard let state = EpisodeState(rawValue: text) else {
      throw StorageError(.misuse, "an episode has the unknown state '\(text)'")
    }
    return state
  }
}
