internal import Base

/// One SQLite file and its only connection, on a thread of its own.
///
/// Every change goes through `write`, which is one transaction: committed and durable when it
/// returns, or rolled back when it throws. Readers and writers take turns on the same connection,
/// which is what makes "read, decide, write" safe without any further locking.
public actor Database {
  private let thread: DedicatedThread
  private let connection: Connection

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// Opens or makes the file (its folder must exist) and brings the named schemas up to date, each
  /// in order, all in one transaction.
  ///
  /// - Throws: `StorageError`.
  public init(
    path: String, schemas: [(name: String, migrations: [Migration])]
  ) throws {
    thread = DedicatedThread(named: "database")
    let connection = try Connection(path: path)
    try Database.inTransaction(connection) {
      for schema in schemas {
        try Migrator.migrate(connection, schema: schema.name, to: schema.migrations)
      }
    }
    self.connection = connection
  }

  /// Runs the body in one transaction. Whatever the body throws rolls everything back.
  public func write<Result: Sendable>(
    _ body: @Sendable (Transaction) throws -> Result
  ) throws -> Result {
    let transaction = Transaction(connection: connection)
    let result = try Database.inTransaction(connection) { try body(transaction) }
    for action in transaction.actionsAfterCommit { action() }
    return result
  }

  /// Runs the body on a consistent view. It is told apart from `write` for the reader's sake and
  /// because it never waits for the disk.
  public func read<Result: Sendable>(
    _ body: @Sendable (Transaction) throws -> Result
  ) throws -> Result {
    try connection.execute("BEGIN", [])
    defer { try? connection.execute("ROLLBACK", []) }
    return try body(Transaction(connection: connection))
  }

  /// Writes a whole, consistent copy to a path where no file is yet.
  public func backup(to path: String) throws(StorageError) {
    try connection.execute("VACUUM INTO ?", [path])
  }

  private static func inTransaction<Result>(
    _ connection: Connection, _ body: () throws -> Result
  ) throws -> Result {
    try connection.execute("BEGIN IMMEDIATE", [])
    do {
      let result = try body()
      try connection.execute("COMMIT", [])
      return result
    } catch {
      // SQLite may have rolled back by itself (disk full, I/O error); then there is nothing to do,
      // and the error that matters is the first one.
      if connection.isInTransaction { try? connection.execute("ROLLBACK", []) }
      throw error
    }
  }
}
