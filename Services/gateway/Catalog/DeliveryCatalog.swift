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
      INSERT OR REPLACE INTO deliveries
        (id, recording, origin, destination, state, updated_at_us, body)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """, delivery.id, delivery.recording, (delivery.origin ?? .recording).rawValue,
      delivery.destination, delivery.state.rawValue, delivery.updatedAt,
      StoredJSON.encode(delivery))
  }

  static func remove(_ deliveries: [DeliveryID], _ transaction: Transaction) throws {
    for id in deliveries { try transaction.execute("DELETE FROM deliveries WHERE id = ?", id) }
  }

  static func store(_ identity: DeliveryIdentity, _ transaction: Transaction) throws {
    try transaction.execute(
      "INSERT OR REPLACE INTO delivery_identity (id, public_key, sealing_key) VALUES (1, ?, ?)",
      identity.publicKey, identity.sealingKey)
  }

  static func publicKey(_ transaction: Transaction) throws -> String? {
    try transaction.first("SELECT public_key FROM delivery_identity") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
  }

  /// What secrets for the delivery service are sealed with; nil where it has not said one.
  static func sealingKey(_ transaction: Transaction) throws -> String? {
    try transaction.first("SELECT sealing_key FROM delivery_identity") {
      (row: borrowing Row) throws(StorageError) in try row.optionalText(0)
    } ?? nil
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

  /// Which deliveries are wanted; what is nil does not matter.
  struct Filter {
    var state: DeliveryState?
    var origin: DeliveryOrigin?
    var destination: DestinationID?
    var recording: JobID?
    var after: Cursor?
    var limit: Int
  }

  /// The latest first.
  static func deliveries(_ filter: Filter, _ transaction: Transaction) throws -> [Delivery] {
    let (state, origin) = (filter.state?.rawValue, filter.origin?.rawValue)
    let texts = try transaction.all(
      """
      SELECT body FROM deliveries
      WHERE (? IS NULL OR state = ?) AND (? IS NULL OR origin = ?)
        AND (? IS NULL OR destination = ?) AND (? IS NULL OR recording = ?)
        AND (updated_at_us, id) < (?, ?)
      ORDER BY updated_at_us DESC, id DESC LIMIT ?
      """, state, state, origin, origin, filter.destination, filter.destination, filter.recording,
      filter.recording, filter.after?.number ?? .max, filter.after?.id ?? "", filter.limit
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
