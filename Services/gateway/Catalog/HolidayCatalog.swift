import Base
import Messages
import Storage

/// Holiday calendars, as the scheduler last said.
enum HolidayCatalog {
  static func store(_ change: HolidaysChanged, _ transaction: Transaction) throws {
    guard let holidays = change.holidays else {
      try transaction.execute("DELETE FROM holidays WHERE id = ?", change.id.text)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO holidays (id, body) VALUES (?, ?)", change.id.text,
      StoredJSON.encode(holidays))
  }

  static func all(_ transaction: Transaction) throws -> [Holidays] {
    let texts = try transaction.all("SELECT body FROM holidays ORDER BY id") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func find(_ id: HolidaysID, _ transaction: Transaction) throws -> Holidays? {
    let text = try transaction.first("SELECT body FROM holidays WHERE id = ?", id.text) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM holidays")
  }
}
