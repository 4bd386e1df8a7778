import Base
import Messages
import Storage

/// Drops and what has become of them, as the scheduler last said.
enum ConversionCatalog {
  static func store(_ change: ConversionChanged, _ transaction: Transaction) throws {
    guard let conversion = change.conversion else {
      try transaction.execute("DELETE FROM conversions WHERE id = ?", change.id)
      return
    }
    try transaction.execute(
      "INSERT OR REPLACE INTO conversions (id, state, updated_at_us, body) VALUES (?, ?, ?, ?)",
      conversion.id, conversion.state.rawValue, conversion.updatedAt,
      StoredJSON.encode(conversion))
  }

  static func find(_ id: JobID, _ transaction: Transaction) throws -> Conversion? {
    let text = try transaction.first("SELECT body FROM conversions WHERE id = ?", id) {
      (row: borrowing Row) throws(StorageError) in try row.text(0)
    }
    return try text.map { try StoredJSON.decode($0) }
  }

  /// What changed last first; of any state where there are none.
  static func select(
    states: [ConversionState], after: Cursor?, limit: Int, _ transaction: Transaction
  ) throws -> [Conversion] {
    let states = (states.isEmpty ? ConversionState.allCases : states)
      .map(\.rawValue).joined(separator: ",")
    let texts = try transaction.all(
      """
      SELECT body FROM conversions
      WHERE instr(',' || ? || ',', ',' || state || ',') > 0 AND (updated_at_us, id) < (?, ?)
      ORDER BY updated_at_us DESC, id DESC LIMIT ?
      """, states, after?.number ?? .max, after?.id ?? "", limit
    ) { (row: borrowing Row) throws(StorageError) in try row.text(0) }
    return try texts.map { try StoredJSON.decode($0) }
  }

  static func counts(_ transaction: Transaction) throws -> [String: Int] {
    let pairs = try transaction.all("SELECT state, count(*) FROM conversions GROUP BY state") {
      (row: borrowing Row) throws(StorageError) in (try row.text(0), try row.int(1))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  static func forget(_ transaction: Transaction) throws {
    try transaction.execute("DELETE FROM conversions")
  }
}
