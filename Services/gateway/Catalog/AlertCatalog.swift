import Base
import Messages
import Storage

/// Alerts and how their mails do, as the delivery service last said.
enum AlertCatalog {
  static func store(_ change: AlertChanged, _ transaction: Transaction) throws {
    guard let alert = change.alert else {
      try transaction.execute("DELETE FROM alerts WHERE id = ?", change.id)
      return
    }
    try transaction.execute(
      """
      INSERT OR REPLACE INTO alerts (id, is_open, mail, raised_at_us, body)
      VALUES (?, ?, ?, ?, ?)
      """, alert.id, alert.endedAt == nil, alert.mail.rawValue, alert.raisedAt,
      StoredJSON.encode(alert))
  }

  static func store(_ mailer: MailerChanged, _ transaction: Transaction) throws {
    try transaction.execute(
      "INSERT OR REPLACE INTO mailer (id, body) VALUES (1, ?)", StoredJSON.encode(mailer))
  }

  static func find(_ id: AlertID, _ transaction: Transaction) throws -> Alert? {
    let text = try transaction.first("SELECT body FROM alerts WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// The latest first; nil: open ones and past ones.
  static func select(
    isOpen: Bool?, after: Cursor?, limit: Int, _ transaction: Transaction
  ) throws -> [Alert] {
    let texts = try transaction.all(
      """
      SELECT body FROM alerts
      WHERE (? IS NULL OR is_open = ?) AND (raised_at_us, id) < (?, ?)
      ORDER BY raised_at_us DESC, id DESC LIMIT ?
      """, isOpen, isOpen, after?.number ?? .max, after?.id ?? "", limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  /// nil before the delivery service has said anything.
  static func mailer(_ transaction: Transaction) throws -> MailerChanged? {
    let text = try transaction.first("SELECT body FROM mailer") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// How many last, and of how many nobody was told by mail in the end.
  static func counts(_ transaction: Transaction) throws -> (open: Int, unmailed: Int) {
    try transaction.first(
      "SELECT ifnull(sum(is_open), 0), ifnull(sum(mail = 'dead'), 0) FROM alerts"
    ) { (row: borrowing Row) throws(StorageError) in
      (open: try row.int(0), unmailed: try row.int(1))
    } ?? (0, 0)
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM alerts")
    try transaction.execute("DELETE FROM mailer")
  }
}
