internal import Base
internal import Messages
internal import Storage

/// The rows of streams, and what recorders said last of their captures.
enum StreamCatalog {
  static func find(
    _ id: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> StreamDefinition? {
    try transaction.first("SELECT definition FROM streams WHERE id = ?", id) {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [StreamDefinition] {
    try transaction.all("SELECT definition FROM streams ORDER BY id") {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  static func save(
    _ stream: StreamDefinition, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO streams (id, definition, updated_at_us) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE
      SET definition = excluded.definition, updated_at_us = excluded.updated_at_us
      """, stream.id, try StoredJSON.encode(stream), now)
  }

  static func remove(_ id: StreamID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM captures WHERE stream = ?", id)
    try transaction.execute("DELETE FROM streams WHERE id = ?", id)
  }

  /// The name of a schedule that uses the stream; nil when none does.
  static func user(
    of id: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> ScheduleDefinition? {
    try transaction.first(
      "SELECT definition FROM schedules WHERE stream = ? ORDER BY id LIMIT 1", id
    ) { row throws(StorageError) in try StoredJSON.decode(row.text(0)) }
  }

  static func saveCapture(
    _ status: CaptureStatus, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO captures (stream, node, status) VALUES (?, ?, ?)
      ON CONFLICT (stream, node) DO UPDATE SET status = excluded.status
      """, status.stream, status.node, try StoredJSON.encode(status))
  }

  static func captures(_ transaction: Transaction) throws(StorageError) -> [CaptureStatus] {
    try transaction.all("SELECT status FROM captures ORDER BY stream, node") {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }
}
