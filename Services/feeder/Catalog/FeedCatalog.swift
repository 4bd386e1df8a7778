internal import Base
internal import FoundationEssentials
internal import Messages
internal import Storage

/// What makes a request conditional: the server's own words, byte for byte.
struct Validators: Hashable, Sendable {
  var etag: String?
  var lastModified: String?
  /// The address that they are of; of another they say nothing.
  var url: String
}

/// One feed as it is kept.
struct FeedRow: Hashable, Sendable {
  var definition: FeedDefinition
  var standing = FeedStanding()
  var nextAt: Instant
  var isAsked = false
  var title: String?
  var imageURL: String?
  var listed = 0
  var warnings: [String] = []
  var validators: Validators?
  var bodySHA256: String?
  var readAt: Instant?
  var isComplete = false

  var id: FeedID { definition.id }

  /// The server whose limits it shares.
  var host: String { FeedCatalog.host(of: definition.url) }

  func event(_ archived: ArchivedSum) -> FeedChanged {
    let state = definition.isEnabled ? standing.state : .disabled
    return FeedChanged(
      id: id, feed: definition,
      status: FeedStatus(
        state: state, reason: standing.reason, title: title, imageURL: imageURL,
        failures: standing.failures, fetchedAt: standing.fetchedAt,
        nextAt: definition.isEnabled ? nextAt : nil, episodes: listed, archived: archived.count,
        archivedBytes: archived.bytes, warnings: warnings))
  }
}

struct ArchivedSum: Hashable, Sendable {
  var count = 0
  var bytes: Int64 = 0
}

/// The rows of feeds.
enum FeedCatalog {
  private static let columns = """
    definition, standing, next_at_us, is_asked, title, image_url, listed, warnings, etag,
    last_modified, validated_url, body_sha256, read_at_us, is_complete
    """

  static func find(_ id: FeedID, _ transaction: Transaction) throws -> FeedRow? {
    try decoded(
      transaction.first("SELECT \(columns) FROM feeds WHERE id = ?", id.text, read: read))
  }

  static func all(_ transaction: Transaction) throws -> [FeedRow] {
    try transaction.all("SELECT \(columns) FROM feeds ORDER BY id", read: read)
      .compactMap { try decoded($0) }
  }

  static func id(
    ofURL url: String, _ transaction: Transaction
  ) throws(StorageError) -> FeedID? {
    try transaction.first("SELECT id FROM feeds WHERE url = ?", normal(url)) {
      row throws(StorageError) in try row.identifier(0)
    }
  }

  static func states(
    _ transaction: Transaction
  ) throws(StorageError) -> [FeedState: Int] {
    let rows = try transaction.all(
      """
      SELECT CASE WHEN is_enabled = 1 THEN json_extract(standing, '$.state') ELSE 'disabled' END
        AS state, count(*) FROM feeds GROUP BY state
      """
    ) { row throws(StorageError) in (try row.text(0), try row.int(1)) }
    var states: [FeedState: Int] = [:]
    for (name, count) in rows { if let state = FeedState(rawValue: name) { states[state] = count } }
    return states
  }

  /// What the queue is made of at the start.
  static func plan(_ transaction: Transaction) throws(StorageError) -> [PollQueue.Entry] {
    try transaction.all("SELECT id, host, next_at_us FROM feeds WHERE is_enabled = 1") {
      row throws(StorageError) in
      PollQueue.Entry(feed: try row.identifier(0), host: try row.text(1), at: try row.instant(2))
    }
  }

  static func save(_ row: FeedRow, at now: Instant, _ transaction: Transaction) throws {
    let encoder = JSONEncoder()
    let definition = String(decoding: try encoder.encode(row.definition), as: UTF8.self)
    let standing = String(decoding: try encoder.encode(row.standing), as: UTF8.self)
    let warnings = String(decoding: try encoder.encode(row.warnings), as: UTF8.self)
    try transaction.execute(
      """
      INSERT INTO feeds (id, \(columns), host, url, is_enabled, updated_at_us)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET definition = excluded.definition,
        standing = excluded.standing, next_at_us = excluded.next_at_us,
        is_asked = excluded.is_asked, title = excluded.title, image_url = excluded.image_url,
        listed = excluded.listed, warnings = excluded.warnings, etag = excluded.etag,
        last_modified = excluded.last_modified, validated_url = excluded.validated_url,
        body_sha256 = excluded.body_sha256, read_at_us = excluded.read_at_us,
        is_complete = excluded.is_complete, host = excluded.host, url = excluded.url,
        is_enabled = excluded.is_enabled
      """, row.id.text, definition, standing, row.nextAt, row.isAsked, row.title, row.imageURL,
      row.listed, warnings, row.validators?.etag, row.validators?.lastModified,
      row.validators?.url, row.bodySHA256, row.readAt, row.isComplete, row.host,
      normal(row.definition.url), row.definition.isEnabled, now)
  }

  /// Its episodes' rows go with it; their files stay.
  static func remove(_ id: FeedID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM episode_names WHERE feed = ?", id.text)
    try transaction.execute("DELETE FROM episodes WHERE feed = ?", id.text)
    try transaction.execute("DELETE FROM feeds WHERE id = ?", id.text)
  }

  // MARK: - Servers that rest

  static func rest(
    _ host: String, until: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO resting_hosts (host, until_us) VALUES (?, ?)
      ON CONFLICT (host) DO UPDATE SET until_us = max(until_us, excluded.until_us)
      """, host, until)
  }

  /// Those that still do; the others are forgotten.
  static func resting(
    at now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [String: Instant] {
    try transaction.execute("DELETE FROM resting_hosts WHERE until_us <= ?", now)
    let rows = try transaction.all("SELECT host, until_us FROM resting_hosts") {
      row throws(StorageError) in (try row.text(0), try row.instant(1))
    }
    return Dictionary(rows, uniquingKeysWith: { $1 })
  }

  private struct Stored {
    var definition: String
    var standing: String
    var warnings: String
    var row: FeedRow
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> Stored {
    var found = FeedRow(
      definition: FeedDefinition(id: FeedID(unchecked: "x"), url: ""), nextAt: try row.instant(2))
    found.isAsked = try row.bool(3)
    found.title = try row.optionalText(4)
    found.imageURL = try row.optionalText(5)
    found.listed = try row.int(6)
    if let url = try row.optionalText(10) {
      found.validators = Validators(
        etag: try row.optionalText(8), lastModified: try row.optionalText(9), url: url)
    }
    found.bodySHA256 = try row.optionalText(11)
    found.readAt = try row.optionalInstant(12)
    found.isComplete = try row.bool(13)
    return Stored(
      definition: try row.text(0), standing: try row.text(1), warnings: try row.text(7), row: found)
  }

  private static func decoded(_ stored: Stored?) throws -> FeedRow? {
    guard let stored else { return nil }
    let decoder = JSONDecoder()
    var row = stored.row
    row.definition = try decoder.decode(FeedDefinition.self, from: Data(stored.definition.utf8))
    row.standing = try decoder.decode(FeedStanding.self, from: Data(stored.standing.utf8))
    row.warnings = try decoder.decode([String].self, from: Data(stored.warnings.utf8))
    return row
  }
}
