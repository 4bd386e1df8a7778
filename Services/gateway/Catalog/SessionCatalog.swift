import Base
import Storage

/// One browser that has logged in.
struct Session: Sendable {
  let id: String
  let user: Int64
  let userName: String
  let createdAt: Instant
  let usedAt: Instant
  let expiresAt: Instant
  let peer: String
  let agent: String
}

enum SessionCatalog {
  static func insert(
    _ session: Session, tokenHash: [UInt8], _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      INSERT INTO sessions
        (id, token_hash, user, created_at_us, used_at_us, expires_at_us, peer, agent)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """, session.id, tokenHash, session.user, session.createdAt, session.usedAt,
      session.expiresAt, session.peer, session.agent)
  }

  static func find(tokenHash: [UInt8], _ transaction: Transaction) throws -> Session? {
    try transaction.first(select + " WHERE token_hash = ?", tokenHash, read: session)
  }

  static func all(of user: Int64, _ transaction: Transaction) throws -> [Session] {
    try transaction.all(select + " WHERE user = ? ORDER BY used_at_us DESC", user, read: session)
  }

  static func touch(_ id: String, at now: Instant, _ transaction: Transaction) throws {
    try transaction.execute("UPDATE sessions SET used_at_us = ? WHERE id = ?", now, id)
  }

  /// False where that user has no such session.
  static func remove(_ id: String, of user: Int64, _ transaction: Transaction) throws -> Bool {
    try transaction.execute("DELETE FROM sessions WHERE id = ? AND user = ?", id, user) > 0
  }

  static func removeAll(
    of user: Int64, except kept: String?, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      "DELETE FROM sessions WHERE user = ? AND id IS NOT ?", user, kept)
  }

  static func removeStale(
    usedBefore: Instant, now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      "DELETE FROM sessions WHERE used_at_us < ? OR expires_at_us < ?", usedBefore, now)
  }

  private static let select = """
    SELECT sessions.id, user, users.name, sessions.created_at_us, used_at_us, expires_at_us, peer,
      agent
    FROM sessions JOIN users ON users.id = user
    """

  private static func session(_ row: borrowing Row) throws(StorageError) -> Session {
    Session(
      id: try row.text(0), user: try row.int64(1), userName: try row.text(2),
      createdAt: try row.instant(3), usedAt: try row.instant(4), expiresAt: try row.instant(5),
      peer: try row.text(6), agent: try row.text(7))
  }
}
