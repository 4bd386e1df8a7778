internal import Base
internal import Messages
internal import Storage

/// An upload in parts as it is kept, from before it is asked for until it is completed or aborted.
struct Multipart: Hashable, Sendable {
  struct Part: Hashable, Sendable {
    let number: Int
    /// The server's name for it, with its quotes.
    let etag: String
    /// Hexadecimal.
    let sha256: String
  }

  let delivery: DeliveryID
  /// Endpoint, bucket and key.
  let location: String
  /// Of the whole file, hexadecimal.
  let sha256: String
  let partBytes: Int64
  /// nil: it was asked for, and the answer was never stored.
  var uploadID: String?
  let begunAt: Instant
  /// Those that the server has confirmed, in order.
  var parts: [Part] = []
}

enum MultipartCatalog {
  private static let columns = "delivery, location, sha256, part_bytes, upload_id, begun_at_us"

  static func find(
    _ id: DeliveryID, _ transaction: Transaction
  ) throws(StorageError) -> Multipart? {
    guard
      var found = try transaction.first(
        "SELECT \(columns) FROM multiparts WHERE delivery = ?", id, read: read)
    else { return nil }
    found.parts = try transaction.all(
      "SELECT number, etag, sha256 FROM multipart_parts WHERE delivery = ? ORDER BY number", id
    ) { row throws(StorageError) in
      Multipart.Part(number: try row.int(0), etag: try row.text(1), sha256: try row.text(2))
    }
    return found
  }

  /// Those of deliveries that nobody will go on with.
  static func abandoned(_ transaction: Transaction) throws(StorageError) -> [DeliveryID] {
    try transaction.all(
      """
      SELECT m.delivery FROM multiparts m JOIN deliveries d ON d.id = m.delivery
      WHERE d.state IN ('discarded', 'delivered') ORDER BY m.begun_at_us
      """
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  static func insert(_ upload: Multipart, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      "INSERT INTO multiparts (\(columns)) VALUES (?, ?, ?, ?, ?, ?)", upload.delivery,
      upload.location, upload.sha256, upload.partBytes, upload.uploadID, upload.begunAt)
  }

  static func setUploadID(
    _ id: String, of delivery: DeliveryID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "UPDATE multiparts SET upload_id = ? WHERE delivery = ?", id, delivery)
  }

  static func add(
    _ part: Multipart.Part, to delivery: DeliveryID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO multipart_parts (delivery, number, etag, sha256) VALUES (?, ?, ?, ?)
      """, delivery, part.number, part.etag, part.sha256)
  }

  static func remove(_ delivery: DeliveryID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM multipart_parts WHERE delivery = ?", delivery)
    try transaction.execute("DELETE FROM multiparts WHERE delivery = ?", delivery)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> Multipart {
    Multipart(
      delivery: try row.identifier(0), location: try row.text(1), sha256: try row.text(2),
      partBytes: try row.int64(3), uploadID: try row.optionalText(4),
      begunAt: try row.instant(5))
  }
}
