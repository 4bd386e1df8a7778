internal import Base
internal import Messages
internal import Storage

/// One conversion as it is kept.
struct ConversionRow: Hashable, Sendable {
  let id: JobID
  var path: DropPath
  /// Of the content that the row speaks of.
  var identity: FileIdentity
  var standing = ConversionStanding()
  var source: String?
  var durationUs: Int64?
  /// Where its output is, or is about to be placed.
  var file: FinishedFile?
  var captions: ConversionCaptions?
  /// What is still to be done with the drop.
  var pendingAfter: PendingAfter?
  let foundAt: Instant
  var queuedAt: Instant?
  var startedAt: Instant?
  var updatedAt: Instant

  enum PendingAfter: String, Sendable { case move, delete }

  func conversion(of node: NodeID) -> Conversion {
    // While it is being placed the file is not there yet.
    let isThere = standing.state == .converted
    return Conversion(
      id: id, node: node, path: path.text, name: path.nameText, bytes: identity.bytes,
      state: standing.state, reason: standing.reason,
      isCancelled: standing.isCancelled ? true : nil, attempts: standing.attempts,
      source: source, durationUs: durationUs, file: isThere ? file : nil,
      captions: isThere ? captions : nil, foundAt: foundAt, startedAt: startedAt,
      updatedAt: updatedAt)
  }
}

/// The rows of conversions.
enum ConversionCatalog {
  private static let columns = """
    id, path, device, inode, bytes, modified_ns, state, reason, is_cancelled, attempts, failures,
    crashes, retry_at_us, source, duration_us, file, captions, pending_after, found_at_us,
    queued_at_us, started_at_us, updated_at_us
    """

  static func find(_ id: JobID, _ transaction: Transaction) throws(StorageError) -> ConversionRow? {
    try transaction.first("SELECT \(columns) FROM conversions WHERE id = ?", id, read: read)
  }

  /// As much of a row as a scan compares.
  struct Known: Hashable, Sendable {
    let state: ConversionState
    let identity: FileIdentity
    let isGone: Bool
  }

  static func known(
    at path: DropPath, _ transaction: Transaction
  ) throws(StorageError) -> Known? {
    try transaction.first(
      """
      SELECT state, device, inode, bytes, modified_ns, gone_at_us FROM conversions WHERE path = ?
      """, path
    ) { row throws(StorageError) in
      Known(
        state: try state(try row.text(0)),
        identity: FileIdentity(
          device: try row.int64(1), inode: try row.int64(2), bytes: try row.int64(3),
          modifiedNs: try row.int64(4)),
        isGone: !row.isNull(5))
    }
  }

  /// What is known of the file of that name.
  static func current(
    at path: DropPath, _ transaction: Transaction
  ) throws(StorageError) -> ConversionRow? {
    try transaction.first(
      "SELECT \(columns) FROM conversions WHERE path = ?", path, read: read)
  }

  /// Files of that very content under any name, the newest first.
  static func all(
    of identity: FileIdentity, _ transaction: Transaction
  ) throws(StorageError) -> [ConversionRow] {
    try transaction.all(
      """
      SELECT \(columns) FROM conversions
      WHERE inode = ? AND modified_ns = ? AND bytes = ? AND device = ?
      ORDER BY number DESC
      """, identity.inode, identity.modifiedNs, identity.bytes, identity.device, read: read)
  }

  static func all(
    in states: [ConversionState], limit: Int = .max, _ transaction: Transaction
  ) throws(StorageError) -> [ConversionRow] {
    var found: [ConversionRow] = []
    for state in states {
      found += try transaction.all(
        "SELECT \(columns) FROM conversions WHERE state = ? ORDER BY number LIMIT ?",
        state.rawValue, limit, read: read)
    }
    return found
  }

  /// What a worker may begin now, what has waited longest first.
  static func due(
    at now: Instant, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [JobID] {
    try transaction.all(
      """
      SELECT id FROM conversions
      WHERE state = 'queued' AND (retry_at_us IS NULL OR retry_at_us <= ?)
      ORDER BY queued_at_us, number LIMIT ?
      """, now, limit
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  static func nextDue(
    after now: Instant, _ transaction: Transaction
  ) throws(StorageError) -> Instant? {
    try transaction.first(
      "SELECT min(retry_at_us) FROM conversions WHERE state = 'queued' AND retry_at_us > ?", now
    ) { row throws(StorageError) in try row.optionalInstant(0) } ?? nil
  }

  static func pendingAfter(_ transaction: Transaction) throws(StorageError) -> [ConversionRow] {
    try transaction.all(
      "SELECT \(columns) FROM conversions WHERE pending_after IS NOT NULL ORDER BY number",
      read: read)
  }

  static func counts(
    _ transaction: Transaction
  ) throws(StorageError) -> [ConversionState: Int] {
    let rows = try transaction.all(
      "SELECT state, count(*) FROM conversions GROUP BY state"
    ) { row throws(StorageError) in (try row.text(0), try row.int(1)) }
    return Dictionary(
      rows.compactMap { name, count in ConversionState(rawValue: name).map { ($0, count) } },
      uniquingKeysWith: +)
  }

  /// A drop of ended work, for looking whether it is still there.
  struct Ended: Sendable {
    let number: Int64
    let path: DropPath
    let goneAt: Instant?
  }

  /// Ended work behind a place in the table.
  static func ended(
    after number: Int64, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [Ended] {
    try transaction.all(
      """
      SELECT number, path, gone_at_us FROM conversions
      WHERE number > ? AND state IN ('converted', 'failed', 'vanished') AND pending_after IS NULL
      ORDER BY number LIMIT ?
      """, number, limit
    ) { row throws(StorageError) in
      Ended(
        number: try row.int64(0), path: DropPath(bytes: try row.blob(1)),
        goneAt: try row.optionalInstant(2))
    }
  }

  static func setFound(_ path: DropPath, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("UPDATE conversions SET gone_at_us = NULL WHERE path = ?", path)
  }

  static func setGone(
    _ numbers: [Int64], at instant: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    for number in numbers {
      try transaction.execute(
        "UPDATE conversions SET gone_at_us = ? WHERE number = ?", instant, number)
    }
  }

  static func forget(_ numbers: [Int64], _ transaction: Transaction) throws(StorageError) {
    for number in numbers {
      try transaction.execute("DELETE FROM conversions WHERE number = ?", number)
    }
  }

  /// A new drop takes the place of what its path stood for; false where the id is known already.
  static func insert(
    _ row: ConversionRow, _ transaction: Transaction
  ) throws(StorageError) -> Bool {
    if try find(row.id, transaction) != nil { return false }
    try transaction.execute("DELETE FROM conversions WHERE path = ?", row.path)
    try transaction.execute(
      """
      INSERT INTO conversions (\(columns))
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, row.id, row.path, row.identity.device, row.identity.inode, row.identity.bytes,
      row.identity.modifiedNs, row.standing.state.rawValue, row.standing.reason,
      row.standing.isCancelled, row.standing.attempts, row.standing.failures,
      row.standing.crashes, row.standing.retryAt, row.source, row.durationUs,
      try json(row.file), try json(row.captions), row.pendingAfter?.rawValue, row.foundAt,
      row.queuedAt, row.startedAt, row.updatedAt)
    return true
  }

  static func update(_ row: ConversionRow, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      UPDATE conversions SET path = ?, device = ?, inode = ?, bytes = ?, modified_ns = ?, state = ?,
        reason = ?, is_cancelled = ?, attempts = ?, failures = ?, crashes = ?, retry_at_us = ?,
        source = ?, duration_us = ?, file = ?, captions = ?, pending_after = ?, queued_at_us = ?,
        started_at_us = ?, updated_at_us = ?
      WHERE id = ?
      """, row.path, row.identity.device, row.identity.inode, row.identity.bytes,
      row.identity.modifiedNs, row.standing.state.rawValue, row.standing.reason,
      row.standing.isCancelled, row.standing.attempts, row.standing.failures,
      row.standing.crashes, row.standing.retryAt, row.source, row.durationUs,
      try json(row.file), try json(row.captions), row.pendingAfter?.rawValue, row.queuedAt,
      row.startedAt, row.updatedAt, row.id)
  }

  private static func json(_ value: (some Encodable)?) throws(StorageError) -> String? {
    guard let value else { return nil }
    return try StoredJSON.encode(value)
  }

  private static func state(_ name: String) throws(StorageError) -> ConversionState {
    guard let state = ConversionState(rawValue: name) else {
      throw StorageError(.misuse, "a conversion has the unknown state '\(name)'")
    }
    return state
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> ConversionRow {
    let file = try row.optionalText(15)
    let captions = try row.optionalText(16)
    return ConversionRow(
      id: try row.identifier(0), path: DropPath(bytes: try row.blob(1)),
      identity: FileIdentity(
        device: try row.int64(2), inode: try row.int64(3), bytes: try row.int64(4),
        modifiedNs: try row.int64(5)),
      standing: ConversionStanding(
        state: try state(try row.text(6)), reason: try row.optionalText(7),
        isCancelled: try row.bool(8),
        attempts: try row.int(9), failures: try row.int(10), crashes: try row.int(11),
        retryAt: try row.optionalInstant(12)),
      source: try row.optionalText(13), durationUs: try row.optionalInt64(14),
      file: file == nil ? nil : try StoredJSON.decode(file ?? ""),
      captions: captions == nil ? nil : try StoredJSON.decode(captions ?? ""),
      pendingAfter: try row.optionalText(17).flatMap(ConversionRow.PendingAfter.init),
      foundAt: try row.instant(18), queuedAt: try row.optionalInstant(19),
      startedAt: try row.optionalInstant(20), updatedAt: try row.instant(21))
  }
}
