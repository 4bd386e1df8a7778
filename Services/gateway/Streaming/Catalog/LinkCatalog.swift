import Base
import Storage

/// The secret that signs links.
enum LinkCatalog {
  /// nil until the first link is made.
  static func secret(_ transaction: Transaction) throws -> [UInt8]? {
    try transaction.first("SELECT secret FROM link_key") {
      (row: borrowing Row) throws(StorageError) in try row.blob(0)
    }
  }

  /// The one that there is; of two that are made at once the first counts.
  static func secret(orElse fresh: [UInt8], _ transaction: Transaction) throws -> [UInt8] {
    try transaction.execute("INSERT OR IGNORE INTO link_key (id, secret) VALUES (1, ?)", fresh)
    return try secret(transaction) ?? fresh
  }
}
