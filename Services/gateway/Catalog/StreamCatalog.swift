import Base
import Messages
import Storage

/// Streams and how their captures do, as the scheduler last said.
enum StreamCatalog {
  static func store(_ change: StreamChanged, _ transaction: Transaction) throws {
    guard let stream = change.stream else {
      try transaction.execute("DELETE FROM streams WHERE id = ?", change.id)
      try transaction.execute("DELETE FROM stream_status WHERE stream = ?", change.id)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO streams (id, body) VALUES (?, ?)", change.id,
      StoredJSON.encode(stream))
  }

  static func store(_ status: CaptureStatus, _ transaction: Transaction) throws {
    try transaction.execute(
      "INSERT OR REPLACE INTO stream_status (stream, body) VALUES (?, ?)", status.stream,
      StoredJSON.encode(status))
  }

  static func all(_ transaction: Transaction) throws -> [StreamView] {
    let texts = try transaction.all(
      """
      SELECT streams.body, stream_status.body FROM streams
      LEFT JOIN stream_status ON stream_status.stream = streams.id ORDER BY streams.id
      """, read: texts)
    return try texts.map(view)
  }

  static func find(_ id: StreamID, _ transaction: Transaction) throws -> StreamView? {
    let texts = try transaction.first(
      """
      SELECT streams.body, stream_status.body FROM streams
      LEFT JOIN stream_status ON stream_status.stream = streams.id WHERE streams.id = ?
      """, id, read: texts)
    return try texts.map(view)
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM streams")
    try transaction.execute("DELETE FROM stream_status")
  }

  private static func texts(_ row: borrowing Row) throws(StorageError) -> (String, String?) {
    (try row.text(0), try row.optionalText(1))
  }

  private static func view(_ texts: (String, String?)) throws -> StreamView {
    StreamView(
      stream: try StoredJSON.decode(texts.0),
      status: try texts.1.map { try StoredJSON.decode($0) })
  }
}

/// A stream with what its capture is doing, where it is known.
struct StreamView {
  var stream: StreamDefinition
  var status: CaptureStatus?
}
