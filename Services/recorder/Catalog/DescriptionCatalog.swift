import Base
import FoundationEssentials
import Messages
import Storage

/// What each stream turned out to be when it was last captured.
enum DescriptionCatalog {
  static let migration = """
    CREATE TABLE descriptions (
      stream TEXT PRIMARY KEY,
      description BLOB NOT NULL,      -- SourceDescription as JSON
      described_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  static func put(
    _ description: SourceDescription, of stream: StreamID, at now: Instant,
    _ transaction: Transaction
  ) throws(StorageError) {
    try transaction.execute(
      """
      INSERT INTO descriptions (stream, description, described_at_us) VALUES (?, ?, ?)
      ON CONFLICT (stream) DO UPDATE SET description = excluded.description,
        described_at_us = excluded.described_at_us
      """, stream, StoredJSON.bytes(description), now)
  }

  static func find(
    _ stream: StreamID, _ transaction: Transaction
  ) throws(StorageError) -> SourceDescription? {
    try transaction.first("SELECT description FROM descriptions WHERE stream = ?", stream) {
      (row: borrowing Row) throws(StorageError) in
      let bytes = try row.blob(0)
      return try? JSONDecoder().decode(SourceDescription.self, from: Data(bytes))
    } ?? nil
  }
}
