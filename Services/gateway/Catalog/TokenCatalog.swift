import Base
import Storage

/// A key for a script.
struct APIToken: Sendable {
  let id: String
  let name: String
  let user: Int64
  let userName: String
  let createdAt: Instant
  let usedAt: Instant?
}

enum TokenCatalog {
  static func insert(_ token: APIToken, tokenHash: [UInt8], _ transaction: Transaction) throws {
    try transaction.execute(
      "INSERT INTO api_tokens (id, name, token_hash, user, created_at_us) VALUES (?, ?, ?, ?, ?)",
      token.id, token.name, tokenHash, token.user, token.createdAt)
  }

  static func find(tokenHash: [UInt8], _ transaction: Transaction) throws -> APIToken? {
    try transaction.first(select + " WHERE token_hash = ?", tokenHash, read: token)
  }

  static func all(of user: Int64, _ transaction: Transaction) throws -> [APIToken] {
    try transaction.all(
      select + " WHERE user = ? ORDER BY api_tokens.created_at_us", user, read: token)
  }

  static func touch(_ id: String, at now: Instant, _ transaction: Transaction) throws {
    try transaction.execute("UPDATE api_tokens SET used_at_us = ? WHERE id = ?", now, id)
  }

  static func remove(_ id: String, of user: Int64, _ transaction: Transaction) throws -> Bool {
    try transaction.execute("DELETE FROM api_tokens WHERE id = ? AND user = ?", id, user) > 0
  }

  private static let select = """
    SELECT api_tokens.id, api_tokens.name, user, users.name, api_tokens.created_at_us, used_at_us
    FROM api_tokens JOIN users ON users.id = user
    """

  private static func token(_ row: borrowing Row) throws(StorageError) -> APIToken {
    APIToken(
      id: try row.text(0), name: try row.text(1), user: try row.int64(2),
      userName: try row.text(3), createdAt: try row.instant(4),
      usedAt: try row.optionalInstant(5))
  }
}
