internal import Base
internal import FoundationEssentials
internal import Messages
internal import Storage

/// The rows of alerts.
enum AlertCatalog {
  private static let columns = """
    id, severity, subject, text, node, raised_at_us, ended_at_us, end_text, pending,
    pending_since_us, in_mail, mail, attempts, refusals, reason, updated_at_us
    """

  static func find(
    _ id: AlertID, _ transaction: Transaction
  ) throws(StorageError) -> AlertStanding? {
    try transaction.first("SELECT \(columns) FROM alerts WHERE id = ?", id, read: read)
  }

  static func all(_ transaction: Transaction) throws(StorageError) -> [AlertStanding] {
    try transaction.all("SELECT \(columns) FROM alerts ORDER BY raised_at_us, id", read: read)
  }

  /// Those of which something is still to be said.
  static func pending(_ transaction: Transaction) throws(StorageError) -> [AlertStanding] {
    try transaction.all(
      "SELECT \(columns) FROM alerts WHERE pending IS NOT NULL ORDER BY raised_at_us, id",
      read: read)
  }

  /// Those of which the mail that is on its way says something.
  static func inMail(_ transaction: Transaction) throws(StorageError) -> [AlertStanding] {
    try transaction.all(
      "SELECT \(columns) FROM alerts WHERE in_mail IS NOT NULL ORDER BY raised_at_us, id",
      read: read)
  }

  static func save(_ alert: AlertStanding, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO alerts (\(columns))
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, alert.id, alert.severity.rawValue, alert.subject, alert.text, alert.node,
      alert.raisedAt, alert.endedAt, alert.endText, alert.pending?.rawValue, alert.pendingSince,
      alert.inMail?.rawValue, alert.mail.rawValue, alert.attempts, alert.refusals, alert.reason,
      alert.updatedAt)
  }

  static func remove(_ id: AlertID, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM alerts WHERE id = ?", id)
  }

  /// Those that are over and told, beyond the newest so many; the oldest first.
  static func surplus(
    keeping kept: Int, limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [AlertID] {
    try transaction.all(
      """
      SELECT id FROM alerts WHERE ended_at_us IS NOT NULL AND pending IS NULL
        AND in_mail IS NULL AND mail IN ('off', 'sent')
      ORDER BY updated_at_us DESC, id DESC LIMIT ? OFFSET ?
      """, limit, kept
    ) { row throws(StorageError) in try row.identifier(0) }
  }

  static func counts(_ transaction: Transaction) throws(StorageError) -> (open: Int, dead: Int) {
    try transaction.first(
      """
      SELECT coalesce(sum(ended_at_us IS NULL), 0), coalesce(sum(mail = 'dead'), 0) FROM alerts
      """
    ) { row throws(StorageError) in (try row.int(0), try row.int(1)) } ?? (0, 0)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> AlertStanding {
    guard let severity = AlertSeverity(rawValue: try row.text(1)),
      let mail = AlertMailState(rawValue: try row.text(11))
    else { throw StorageError(.misuse, "an alert has an unknown severity or state") }
    return AlertStanding(
      id: try row.identifier(0), severity: severity, subject: try row.text(2),
      text: try row.text(3), node: try row.identifier(4), raisedAt: try row.instant(5),
      endedAt: try row.optionalInstant(6), endText: try row.optionalText(7),
      pending: try row.optionalText(8).flatMap(AlertStanding.Notice.init),
      pendingSince: try row.optionalInstant(9),
      inMail: try row.optionalText(10).flatMap(AlertStanding.Notice.init), mail: mail,
      attempts: try row.int(12), refusals: try row.int(13), reason: try row.optionalText(14),
      updatedAt: try row.instant(15))
  }
}

/// The mail server's standing, the mail that is on its way, and tests that somebody waits for.
enum MailCatalog {
  /// A mail that was about to be sent. While its row is there it may have arrived: it is sent again
  /// as it was, under the same id.
  struct Outgoing: Hashable, Sendable {
    let messageID: String
    let date: Instant
    let subject: String
    let body: String
  }

  /// nil where nothing was ever known, or a newer version wrote it.
  static func state(_ transaction: Transaction) throws(StorageError) -> MailerState? {
    let text = try transaction.first("SELECT state FROM mailer") {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return text.flatMap { try? JSONDecoder().decode(MailerState.self, from: Data($0.utf8)) }
  }

  static func save(_ state: MailerState, _ transaction: Transaction) throws {
    let text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    try transaction.execute("INSERT OR REPLACE INTO mailer (id, state) VALUES (1, ?)", text)
  }

  static func outgoing(_ transaction: Transaction) throws(StorageError) -> Outgoing? {
    try transaction.first("SELECT message_id, date_us, subject, body FROM outgoing_mail") {
      (row: borrowing Row) throws(StorageError) in
      Outgoing(
        messageID: try row.text(0), date: try row.instant(1), subject: try row.text(2),
        body: try row.text(3))
    }
  }

  static func save(_ mail: Outgoing, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      INSERT OR REPLACE INTO outgoing_mail (id, message_id, date_us, subject, body)
      VALUES (1, ?, ?, ?, ?)
      """, mail.messageID, mail.date, mail.subject, mail.body)
  }

  static func removeOutgoing(_ transaction: Transaction) throws(StorageError) {
    try transaction.execute("DELETE FROM outgoing_mail")
  }

  static func addTest(
    _ command: MessageID, at now: Instant, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      "INSERT OR IGNORE INTO mail_tests (command, asked_at_us) VALUES (?, ?)", command, now)
  }

  static func tests(_ transaction: Transaction) throws(StorageError) -> [MessageID] {
    try transaction.all("SELECT command FROM mail_tests ORDER BY asked_at_us, command") {
      row throws(StorageError) in try row.identifier(0)
    }
  }

  static func removeTest(
    _ command: MessageID, _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute("DELETE FROM mail_tests WHERE command = ?", command)
  }
}
