import Base
import Storage

/// The rows of live playlists.
enum LiveCatalog {
  static func load(_ stream: StreamID, _ transaction: Transaction) throws -> LiveLine {
    let target = try transaction.first(
      "SELECT target_s FROM live_lines WHERE stream = ?", stream
    ) { (row: borrowing Row) throws(StorageError) in try row.int(0) }
    guard let target else { return LiveLine() }
    let bodies = try transaction.all(
      "SELECT body FROM live_items WHERE stream = ? ORDER BY number", stream
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return LiveLine(items: try bodies.map { try StoredJSON.decode($0) }, targetSeconds: target)
  }

  /// Stores new and changed items; what lies before `first` or behind `last` is forgotten.
  static func store(
    _ items: [LiveLine.Item], of line: LiveLine, _ stream: StreamID, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      "INSERT OR REPLACE INTO live_lines (stream, target_s) VALUES (?, ?)", stream,
      line.targetSeconds)
    for item in items {
      try transaction.execute(
        "INSERT OR REPLACE INTO live_items (stream, number, body) VALUES (?, ?, ?)", stream,
        item.number, StoredJSON.encode(item))
    }
    guard let first = line.items.first, let last = line.items.last else { return }
    try transaction.execute(
      "DELETE FROM live_items WHERE stream = ? AND (number < ? OR number > ?)", stream,
      first.number, last.number)
  }
}
