internal import Base
internal import Messages
internal import Storage

/// One delivery as it is kept.
struct DeliveryRow: Hashable, Sendable {
  let id: DeliveryID
  /// The recording, conversion or episode.
  let recording: JobID
  var origin: DeliveryOrigin?
  let destination: DestinationID
  /// The local file.
  let path: String
  let fileName: String
  let bytes: Int64
  let sha256: String
  let createdAt: Instant
  var standing = DeliveryStanding()
  var updatedAt: Instant

  var event: DeliveryChanged {
    let isTold = standing.state != .queued && standing.state != .sending
    return DeliveryChanged(
      delivery: Delivery(
        id: id, recording: recording, origin: origin, destination: destination,
        state: standing.state,
        fileName: fileName, bytes: bytes, attempts: standing.attempts,
        // Of the last failure; while a new try is under way it would read as if it were of that.
        reason: isTold ? standing.reason : nil, retryAt: standing.retryAt,
        remotePath: standing.remotePath, updatedAt: updatedAt))
  }

  func upload(to destination: Destination) -> Upload {
    Upload(
      delivery: id, source: path, expectedHash: sha256, folder: destination.folder,
      name: fileName)
  }
}

/// The rows of deliveries.
enum DeliveryCatalog {
  private static let columns = """
    id, recording, destination, path, file_name, bytes, sha256, state, attempts, failures, crashes,
    kind, reason, retry_at_us, remote_path, created_at_us, updated_at_us, origin
    """

  static func find(
    _ id: DeliveryID, _ transaction: Transaction
  ) throws(StorageError) -> DeliveryRow? {
    try transaction.first("SELECT \(columns) FROM deliveries WHERE id = ?", id, read: read)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [DeliveryRow] {
    try transaction.all(
      "SELECT \(columns) FROM deliveries ORDER BY created_at_us, id", read: read)
  }

  static func all(
    to destination: DestinationID, in states: [DeliveryState], _ transaction: Transaction
  ) throws(StorageError) -> [DeliveryRow] {
    try all(in: states, transaction, and: "destination = ?", destination)
  }

  /// What the last process left in the middle.
  static func allUnderWay(_ transaction: Transaction) throws(StorageError) -> [DeliveryRow] {
    try all(in: [.sending, .verifying], transaction, and: "? = 1", 1)
  }

  static func hasUnfinished(
    to destination: DestinationID, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    try transaction.first(
      """
      SELECT 1 FROM deliveries
      WHERE destination = ? AND state NOT IN ('delivered', 'discarded') LIMIT 1
      """, destination
    ) { row throws(StorageError) in try row.bool(0) } ?? false
  }

  /// False where the id is known already; then nothing is changed.
  static func insert(
    _ row: DeliveryRow, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    let standing = row.standing
    return try transaction.execute(
      """
      INSERT INTO deliveries (\(columns))
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
      """, row.id, row.recording, row.destination, row.path, row.fileName, row.bytes, row.sha256,
      standing.state.rawValue, standing.attempts, standing.failures, standing.crashes,
      standing.kind?.rawValue, standing.reason, standing.retryAt, standing.remotePath,
      row.createdAt, row.updatedAt, row.origin?.rawValue) > 0
  }

  static func update(_ row: DeliveryRow, _ transaction: Transaction) throws(StorageError) {
    let standing = row.standing
    try transaction.execute(
      """
      UPDATE deliveries SET state = ?, attempts = ?, failures = ?, crashes = ?, kind = ?,
        reason = ?, retry_at_us = ?, remote_path = ?, updated_at_us = ?
      WHERE id = ?
      """, standing.state.rawValue, standing.attempts, standing.failures, standing.crashes,
      standing.kind?.rawValue, standing.reason, standing.retryAt, standing.remotePath,
      row.updatedAt, row.id)
  }

  /// Forgets the oldest of those that ended well or were discarded, beyond the newest so many; what
  /// has an upload open at its destination stays. Answers with those that are gone.
  static func prune(
    keeping kept: Int, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [DeliveryID] {
    let old = try transaction.all(
      """
      SELECT id FROM (
        SELECT id, updated_at_us FROM deliveries WHERE state IN ('delivered', 'discarded')
        ORDER BY updated_at_us DESC, id DESC LIMIT -1 OFFSET ?)
      WHERE id NOT IN (SELECT delivery FROM multiparts) ORDER BY updated_at_us, id LIMIT ?
      """, kept, limit
    ) { (row: borrowing Row) throws(StorageError) -> DeliveryID in try row.identifier(0) }
    for id in old {
      try transaction.execute("DELETE FROM attempts WHERE delivery = ?", id)
      try transaction.execute("DELETE FROM deliveries WHERE id = ?", id)
    }
    return old
  }

  /// What could be begun now: for each enabled destination the few that are due longest, so that
  /// one destination's thousands do not hide the others.
  static func due(
    at now: Instant, perDestination limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [DispatchPlan.Candidate] {
    try transaction.all(
      """
      SELECT id, server FROM (
        SELECT d.id AS id, t.host || ':' || t.port
            || CASE t.kind WHEN 's3' THEN '/' || t.bucket || '/' || t.user ELSE '' END AS server,
          coalesce(d.retry_at_us, d.created_at_us) AS due_at_us,
          row_number() OVER (
            PARTITION BY d.destination ORDER BY coalesce(d.retry_at_us, d.created_at_us), d.id
          ) AS place
        FROM deliveries d JOIN destinations t ON t.id = d.destination
        WHERE t.is_enabled = 1 AND (d.state = 'queued'
          OR (d.state = 'waiting' AND d.retry_at_us <= ?))
      ) WHERE place <= ? ORDER BY due_at_us, id
      """, now, limit
    ) { row throws(StorageError) in
      DispatchPlan.Candidate(delivery: try row.identifier(0), server: try row.text(1))
    }
  }

  /// When the next waiting delivery is due.
  static func nextDue(
    after now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> Instant? {
    try transaction.first(
      """
      SELECT min(d.retry_at_us) FROM deliveries d JOIN destinations t ON t.id = d.destination
      WHERE d.state = 'waiting' AND t.is_enabled = 1 AND d.retry_at_us > ?
      """, now
    ) { row throws(StorageError) in try row.optionalInstant(0) } ?? nil
  }

  static func deadCount(
    to destination: DestinationID, _ transaction: Transaction
  ) throws(StorageError) -> Int {
    try transaction.first(
      "SELECT count(*) FROM deliveries WHERE destination = ? AND state = 'dead'", destination
    ) { row throws(StorageError) in try row.int(0) } ?? 0
  }

  static func counts(
    _ transaction: Transaction
  ) throws(StorageError) -> [DeliveryState: Int] {
    let rows = try transaction.all("SELECT state, count(*) FROM deliveries GROUP BY state") {
      row throws(StorageError) in (try row.text(0), try row.int(1))
    }
    var counts: [DeliveryState: Int] = [:]
    for (state, count) in rows { counts[try known(state)] = count }
    return counts
  }

  private static func all(
    in states: [DeliveryState], _ transaction: Transaction, and condition: String,
    _ value: any Bindable
  ) throws(StorageError) -> [DeliveryRow] {
    // Names of cases, not text from outside.
    let list = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    return try transaction.all(
      """
      SELECT \(columns) FROM deliveries WHERE state IN (\(list)) AND \(condition)
      ORDER BY created_at_us, id
      """, value, read: read)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> DeliveryRow {
    DeliveryRow(
      id: try row.identifier(0), recording: try row.identifier(1),
      // An origin that a newer version wrote is shown as a recording.
      origin: try row.optionalText(17).flatMap(DeliveryOrigin.init),
      destination: try row.identifier(2), path: try row.text(3), fileName: try row.text(4),
      bytes: try row.int64(5), sha256: try row.text(6), createdAt: try row.instant(15),
      standing: DeliveryStanding(
        state: try known(row.text(7)), attempts: try row.int(8), failures: try row.int(9),
        crashes: try row.int(10),
        // A kind that a newer version wrote only loses its class.
        kind: try row.optionalText(11).flatMap(DeliveryError.Kind.init),
        reason: try row.optionalText(12), retryAt: try row.optionalInstant(13),
        remotePath: try row.optionalText(14)),
      updatedAt: try row.instant(16))
  }

  private static func known(_ text: String) throws(StorageError) -> DeliveryState {
    guard let state = DeliveryState(rawValue: text) else {
      throw StorageError(.misuse, "a delivery has the unknown state '\(text)'")
    }
    return state
  }
}
