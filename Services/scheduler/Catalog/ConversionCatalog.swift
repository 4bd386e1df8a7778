internal import Base
internal import Messages
internal import Storage

/// The table of conversions, a schema of its own beside the scheduler's.
enum ConversionSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "scheduler-conversions", [Migration("what converters said last", first)]
  )

  private static let first = """
    CREATE TABLE conversions (
      id TEXT PRIMARY KEY,
      node TEXT NOT NULL,              -- the converter that has the drop
      state TEXT NOT NULL,             -- ConversionState
      conversion TEXT NOT NULL,        -- Conversion as JSON, as it was said last
      updated_at_us INTEGER NOT NULL   -- by the converter's clock
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversions_by_update ON conversions (updated_at_us);
    """
}

/// What converters said last of each drop.
enum ConversionCatalog {
  static func find(
    _ id: JobID, _ transaction: Transaction
  ) throws(StorageError) -> Conversion? {
    try transaction.first(
      "SELECT conversion FROM conversions WHERE id = ?", id, read: read)
  }

  /// The newest so many, oldest first.
  static func newest(
    _ limit: Int, _ transaction: Transaction
  ) throws(StorageError) -> [Conversion] {
    try transaction.all(
      "SELECT conversion FROM conversions ORDER BY updated_at_us DESC LIMIT ?", limit, read: read
    ).reversed()
  }

  static func save(_ conversion: Conversion, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO conversions (id, node, state, conversion, updated_at_us)
      VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET node = excluded.node, state = excluded.state,
        conversion = excluded.conversion, updated_at_us = excluded.updated_at_us
      """, conversion.id, conversion.node, conversion.state.rawValue,
      try StoredJSON.encode(conversion), conversion.updatedAt)
  }

  private static func read(_ row: borrowing Row) throws(StorageError) -> Conversion {
    try StoredJSON.decode(try row.text(0))
  }
}
