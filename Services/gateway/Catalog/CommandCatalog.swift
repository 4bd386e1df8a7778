import Base
import Messages
import Storage

/// The commands that were given here: by whom, and what became of them. Kept for thirty days.
enum CommandCatalog {
  private static let keptFor = Duration.seconds(30 * 86_400)

  static func insert(
    _ id: MessageID, user: String, summary: String, at now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute("DELETE FROM commands WHERE sent_at_us < ?", now - keptFor)
    try transaction.execute(
      "INSERT INTO commands (id, user, summary, sent_at_us) VALUES (?, ?, ?, ?)", id, user,
      summary, now)
  }

  static func store(_ outcome: CommandOutcome, _ transaction: Transaction) throws {
    try transaction.execute(
      "UPDATE commands SET outcome = ? WHERE id = ?", StoredJSON.encode(outcome), outcome.command)
  }

  /// nil where it was not given here; its outcome nil while it is not known.
  static func find(
    _ id: MessageID, _ transaction: Transaction
  ) throws -> (summary: String, sentAt: Instant, outcome: CommandOutcome?)? {
    let found = try transaction.first(
      "SELECT summary, sent_at_us, outcome FROM commands WHERE id = ?", id
    ) { (row: borrowing Row) throws(StorageError) in
      (try row.text(0), try row.instant(1), try row.optionalText(2))
    }
    guard let (summary, sentAt, outcome) = found else { return nil }
    return (summary, sentAt, try outcome.map { try StoredJSON.decode($0) })
  }
}
