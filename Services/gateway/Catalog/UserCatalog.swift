import Base
import Storage

struct User: Sendable {
  let id: Int64
  let name: String
  let passwordHash: String
  let isFirstPassword: Bool
}

/// Who may log in.
enum UserCatalog {
  static func isEmpty(_ transaction: Transaction) throws -> Bool {
    try transaction.first("SELECT 1 FROM users") { (_: borrowing Row) throws(StorageError) in true }
      == nil
  }

  static func insert(
    name: String, passwordHash: String, isFirstPassword: Bool, at now: Instant,
    _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      INSERT INTO users (name, password_hash, is_first_password, created_at_us, changed_at_us)
      VALUES (?, ?, ?, ?, ?)
      """, name, passwordHash, isFirstPassword, now, now)
  }

  static func find(name: String, _ transaction: Transaction) throws -> User? {
    try transaction.first(
      "SELECT id, name, password_hash, is_first_password FROM users WHERE name = ?", name,
      read: user)
  }

  static func find(_ id: Int64, _ transaction: Transaction) throws -> User? {
    try transaction.first(
      "SELECT id, name, password_hash, is_first_password FROM users WHERE id = ?", id, read: user)
  }

  static func hasFirstPassword(_ transaction: Transaction) throws -> Bool {
    try transaction.first("SELECT 1 FROM users WHERE is_first_password = 1") {
      (_: borrowing Row) throws(StorageError) in true
    } != nil
  }

  static func setPassword(
    _ hash: String, of id: Int64, at now: Instant, _ transaction: Transaction
  ) throws {
    try transaction.execute(
      """
      UPDATE users SET password_hash = ?, is_first_password = 0, changed_at_us = ? WHERE id = ?
      """, hash, now, id)
  }

  private static func user(_ row: borrowing Row) throws(StorageError) -> User {
    User(
      id: try row.int64(0), name: try row.text(1), passwordHash: try row.text(2),
      isFirstPassword: try row.bool(3))
  }
}
