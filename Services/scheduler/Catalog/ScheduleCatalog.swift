internal import Base
internal import Messages
internal import Storage

/// A schedule and how far it is planned.
struct StoredSchedule: Sendable {
  var definition: ScheduleDefinition
  /// Occurrences that start later are not planned yet.
  var plannedThrough: Instant
}

/// The rows of schedules.
enum ScheduleCatalog {
  static func find(
    _ id: ScheduleID, _ transaction: Transaction
  ) throws(StorageError) -> StoredSchedule? {
    try transaction.first(
      "SELECT definition, planned_through_us FROM schedules WHERE id = ?", id
    ) { row throws(StorageError) in
      StoredSchedule(
        definition: try StoredJSON.decode(row.text(0)), plannedThrough: try row.instant(1))
    }
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [StoredSchedule] {
    try transaction.all("SELECT definition, planned_through_us FROM schedules ORDER BY id") {
      row throws(StorageError) in
      StoredSchedule(
        definition: try StoredJSON.decode(row.text(0)), plannedThrough: try row.instant(1))
    }
  }

  static func save(
    _ schedule: StoredSchedule, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO schedules (id, stream, definition, planned_through_us, updated_at_us)
      VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET
        stream = excluded.stream, definition = excluded.definition,
        planned_through_us = excluded.planned_through_us, updated_at_us = excluded.updated_at_us
      """, schedule.definition.id, schedule.definition.stream,
      try StoredJSON.encode(schedule.definition), schedule.plannedThrough, now)
  }

  /// The cursor only moves on.
  static func movePlannedThrough(
    _ id: ScheduleID, to start: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      UPDATE schedules SET planned_through_us = ?2
      WHERE id = ?1 AND planned_through_us < ?2
      """, id, start)
  }

  static func remove(_ id: ScheduleID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM schedules WHERE id = ?", id)
  }

  static func count(_ transaction: Transaction) throws(StorageError) -> Int {
    try transaction.first("SELECT count(*) FROM schedules") {
      row throws(StorageError) in try row.int(0)
    } ?? 0
  }
}
