/// One step of a schema's history. Append-only: a step that has been released is never edited.
public struct Migration: Sendable {
  /// What it does, in a few words; kept in the database.
  public let name: String
  /// The statements, with a comment and a unit on every column.
  public let sql: String

  public init(_ name: String, _ sql: String) {
    self.name = name
    self.sql = sql
  }
}

/// Brings a database's schema up to date.
///
/// A database may hold the schemas of several modules (the bus log and a service's own), each with
/// its own numbering, told apart by `schema`.
enum Migrator {
  static func migrate(
    _ connection: Connection, schema: String, to migrations: [Migration]
  ) throws(StorageError) {
    try connection.executeScript(
      """
      CREATE TABLE IF NOT EXISTS migrations (
        schema TEXT NOT NULL,      -- which module's schema
        number INTEGER NOT NULL,   -- 1 for its first step
        name TEXT NOT NULL,        -- what the step does
        PRIMARY KEY (schema, number)
      ) STRICT;
      """)
    var applied = 0
    try connection.query(
      "SELECT count(*) FROM migrations WHERE schema = ?", [schema]
    ) { (row: borrowing Row) throws(StorageError) in
      applied = try row.int(0)
      return true
    }
    guard applied <= migrations.count else {
      throw StorageError(
        .tooNew,
        "the database's '\(schema)' schema is at step \(applied), this version knows "
          + "\(migrations.count): it was made by a newer Airloom; install that one again, or restore "
          + "the copy that was made before the upgrade")
    }
    for (index, migration) in migrations.enumerated().dropFirst(applied) {
      try connection.executeScript(migration.sql)
      try connection.execute(
        "INSERT INTO migrations (schema, number, name) VALUES (?, ?, ?)",
        [schema, index + 1, migration.name])
    }
  }
}
