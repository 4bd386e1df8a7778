import Base
import Messages
import Storage

/// Destinations, deliveries and the key of the delivery service, as it last said.
enum DeliveryCatalog {
  static func store(_ change: DestinationChanged, _ transaction: Transaction) throws {
    guard change.destination != nil else {
      try transaction.execute("DELETE FROM destinations WHERE id = ?", change.id)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO destinations (id, body) VALUES (?, ?)", change.id,
      StoredJSON.encode(change))
  }

  static func store(_ delivery: Delivery, _ transaction: Transaction) throws {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO deliveries (id, recording, state, updated_at_us, body)
      VALUES (?, ?, ?, ?, ?)
      """, delivery.id, delivery.recording, delivery.state.rawValue, delivery.updatedAt,
      StoredJSON.encode(delivery))
  }

  static func store(_ identity: DeliveryIdentity, _ transaction: Transaction) throws {
    try transaction.execute(
      "INSERT OR REPLACE INTO delivery_identity (id, public_key) VALUES (1, ?)",
      identity.publicKey)
  }

  static func publicKey(_ transaction: Transaction) throws -> String? {
    try transaction.first("SELECT public_key FROM delivery_identity") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
  }

  static func destinations(_ transaction: Transaction) throws -> [DestinationChanged] {
    let texts = try transaction.all("SELECT body FROM destinations ORDER BY id") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func destination(
    _ id: DestinationID, _ transaction: Transaction
  ) throws -> DestinationChanged? {
    let text = try transaction.first("SELECT body FROM destinations WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// The latest first; nil matters not.
  static func deliveries(
    state: DeliveryState?, recording: JobID?, limit: Int, _ transaction: Transaction
  ) throws -> [Delivery] {
    let texts = try transaction.all(
      """
      SELECT body FROM deliveries
      WHERE (? IS NULL OR state = ?) AND (? IS NULL OR recording = ?)
      ORDER BY updated_at_us DESC, id LIMIT ?
      """, state?.rawValue, state?.rawValue, recording, recording, limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func delivery(_ id: DeliveryID, _ transaction: Transaction) throws -> Delivery? {
    let text = try transaction.first("SELECT body FROM deliveries WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  static func counts(_ transaction: Transaction) throws -> [String: Int] {
    let pairs = try transaction.all("SELECT state, count(*) FROM deliveries GROUP BY state") {
      (row: borrowing Row) throws(StorageError) in (try row.text(0), try row.int(1))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM destinations")
    try transaction.execute("DELETE FROM deliveries")
    try transaction.execute("DELETE FROM delivery_identity")
  }
}
