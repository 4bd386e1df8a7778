internal import Base
internal import Messages
internal import Storage

/// The rows of spans of tapes that people have locked.
enum LockCatalog {
  static func all(
    of stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> [TapeLock] {
    try transaction.all(
      """
      SELECT stream, start_us, end_us, reason FROM tape_locks WHERE stream = ?
      ORDER BY start_us, end_us
      """, stream, read: read)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [TapeLock] {
    try transaction.all(
      "SELECT stream, start_us, end_us, reason FROM tape_locks ORDER BY stream, start_us, end_us",
      read: read)
  }

  static func add(_ lock: TapeLock, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO tape_locks (stream, start_us, end_us, reason) VALUES (?, ?, ?, ?)
      ON CONFLICT (stream, start_us, end_us) DO UPDATE SET reason = excluded.reason
      """, lock.stream, lock.start, lock.end, lock.reason)
  }

  /// Every lock that lies within the span.
  static func remove(within span: TapeLock, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      "DELETE FROM tape_locks WHERE stream = ? AND start_us >= ? AND end_us <= ?", span.stream,
      span.start, span.end)
  }

  /// What a recorder must keep for people: of streams that it has captured.
  static func kept(
    by node: NodeID, _ transaction: Transaction
  ) throws(StorageError) -> [TapeLock] {
    try transaction.all(
      """
      SELECT stream, start_us, end_us, reason FROM tape_locks
      WHERE stream IN (SELECT stream FROM captures WHERE node = ?)
      ORDER BY stream, start_us, end_us
      """, node, read: read)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> TapeLock {
    TapeLock(
      stream: try row.identifier(0), start: try row.instant(1), end: try row.instant(2),
      reason: try row.text(3))
  }
}

/// The rows of deliveries that are not known to have ended well: until then the tape of their
/// recording stays, so that a file that is lost can be made again.
enum DeliveryLockCatalog {
  static func add(
    _ delivery: DeliveryID, of recording: Recording, _ transaction: Transaction
  ) throws(StorageError) {
    guard let node = recording.node else { return }
    try transaction.execute(
      """
      INSERT INTO delivery_locks (delivery, recording, node, stream, start_us, end_us)
      VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (delivery) DO NOTHING
      """, delivery, recording.id, node, recording.stream, recording.paddedStart,
      recording.paddedEnd)
  }

  /// The recorder whose tape it held; nil where there was none.
  @discardableResult
  static func remove(
    _ delivery: DeliveryID, _ transaction: Transaction
  ) throws(StorageError) -> NodeID? {
    try transaction.first(
      "DELETE FROM delivery_locks WHERE delivery = ? RETURNING node", delivery
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  /// Forgets those of windows that ended before an instant; whose they were.
  static func removeOld(
    before instant: Instant, _ transaction: Transaction
  ) throws(StorageError) -> [NodeID] {
    try transaction.all(
      "DELETE FROM delivery_locks WHERE end_us < ? RETURNING node", instant
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  /// The windows on one recorder's tapes.
  static func windows(
    on node: NodeID, _ transaction: Transaction
  ) throws(StorageError) -> [StreamWindow] {
    try transaction.all(
      """
      SELECT DISTINCT stream, start_us, end_us FROM delivery_locks WHERE node = ?
      ORDER BY stream, start_us
      """, node
    ) { row throws(StorageError) in
      StreamWindow(
        stream: try row.identifier(0), start: try row.instant(1), end: try row.instant(2))
    }
  }
}
