import Base
import Messages
import Storage

/// What people have locked of the tapes, as the scheduler last said.
enum LockCatalog {
  static func store(_ change: TapeLocksChanged, _ transaction: Transaction) throws {
    guard !change.locks.isEmpty else {
      try transaction.execute("DELETE FROM tape_locks WHERE stream = ?", change.stream)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO tape_locks (stream, body) VALUES (?, ?)", change.stream,
      StoredJSON.encode(change))
  }

  /// In the order of their starts.
  static func locks(of stream: StreamID, _ transaction: Transaction) throws -> [TapeLock] {
    let text = try transaction.first("SELECT body FROM tape_locks WHERE stream = ?", stream) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    guard let text else { return [] }
    return try StoredJSON.decode(text, as: TapeLocksChanged.self).locks
      .sorted { ($0.start, $0.end) < ($1.start, $1.end) }
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM tape_locks")
  }
}
