internal import Base
internal import Storage

/// Alerts about streams and recorders that were raised and not ended.
enum RaisedAlertCatalog {
  static func all(_ transaction: Transaction) throws(StorageError) -> Set<AlertID> {
    Set(
      try transaction.all("SELECT id FROM raised_alerts") {
        (row: borrowing Row) throws(StorageError) -> AlertID in try row.identifier(0)
      })
  }

  static func add(
    _ id: AlertID, at instant: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "INSERT OR REPLACE INTO raised_alerts (id, raised_at_us) VALUES (?, ?)", id, instant)
  }

  static func remove(_ id: AlertID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM raised_alerts WHERE id = ?", id)
  }
}
