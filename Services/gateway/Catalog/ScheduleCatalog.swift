import Base
import Messages
import Storage

/// Schedules with their next starts, as the scheduler last said.
enum ScheduleCatalog {
  static func store(_ change: ScheduleChanged, _ transaction: Transaction) throws {
    guard change.schedule != nil else {
      try transaction.execute("DELETE FROM schedules WHERE id = ?", change.id)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO schedules (id, body) VALUES (?, ?)", change.id,
      StoredJSON.encode(change))
  }

  static func all(_ transaction: Transaction) throws -> [ScheduleChanged] {
    let texts = try transaction.all("SELECT body FROM schedules ORDER BY id") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func find(_ id: ScheduleID, _ transaction: Transaction) throws -> ScheduleChanged? {
    let text = try transaction.first("SELECT body FROM schedules WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM schedules")
  }
}
