internal import Base
internal import Messages
internal import Storage

/// The rows of holiday calendars.
enum HolidayCatalog {
  static func find(
    _ id: HolidaysID, _ transaction: Transaction
  ) throws(StorageError) -> Holidays? {
    try transaction.first("SELECT definition FROM holidays WHERE id = ?", id) {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  /// The calendar that a schedule names; nil where it names none.
  static func find(
    of schedule: ScheduleDefinition, _ transaction: Transaction
  ) throws(StorageError) -> Holidays? {
    guard let id = schedule.exceptHolidays else { return nil }
    return try find(id, transaction)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [Holidays] {
    try transaction.all("SELECT definition FROM holidays ORDER BY id") {
      row throws(StorageError) in try StoredJSON.decode(row.text(0))
    }
  }

  static func save(
    _ holidays: Holidays, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO holidays (id, definition, updated_at_us) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE
      SET definition = excluded.definition, updated_at_us = excluded.updated_at_us
      """, holidays.id, try StoredJSON.encode(holidays), now)
  }

  static func remove(_ id: HolidaysID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM holidays WHERE id = ?", id)
  }
}
