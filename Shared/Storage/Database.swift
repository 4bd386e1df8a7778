internal import Base
internal import Glibc

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
    do {
      try Database.inTransaction(connection) {
        for schema in schemas {
          try Migrator.migrate(connection, schema: schema.name, to: schema.migrations)
        }
      }
    } catch let error as StorageError where error.kind != .misuse && error.kind != .tooNew {
      throw error.opening(path)
    }
    self.connection = connection
  }

  /// Runs the body in one transaction. Whatever the body throws rolls everything back.
  public func write<Result: Sendable>(
    _ body: @Sendable (Transaction) throws -> Result
  ) throws -> Result {
    let transaction = Transaction(connection: connection)
    let result = try Database.inTransaction(connection) {
      let result = try body(transaction)
      try transaction.requireOpen()
      return result
    }
    for action in transaction.actionsAfterCommit { action() }
    return result
  }

  /// Runs the body on a consistent view, which it cannot change. It is told apart from `write` for
  /// the reader's sake and because it never waits for the disk.
  public func read<Result: Sendable>(
    _ body: @Sendable (Transaction) throws -> Result
  ) throws -> Result {
    try connection.begin("BEGIN")
    defer { if connection.isInTransaction { try? connection.execute("ROLLBACK", []) } }
    return try body(Transaction(connection: connection, isReadOnly: true))
  }

  /// Writes a whole, consistent copy to a path where no file is yet, readable by those who may read
  /// the original. Until the copy is whole and on disk, only `<path>.tmp` is there.
  public func backup(to path: String) throws(StorageError) {
    let temporary = path + ".tmp"
    guard access(path, F_OK) != 0 else {
      throw StorageError(
        .notPermitted, "a backup never replaces a file: \(path) exists; give another name")
    }
    // What an earlier attempt left that was killed.
    unlink(temporary)
    do {
      try connection.execute("VACUUM INTO ?", [temporary])
      try Database.makeDurable(temporary)
      try DurableFile.moveInPlace(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error as? StorageError
        ?? StorageError(.inputOutput, "the backup could not be written: \(error)")
    }
  }

  /// VACUUM INTO syncs nothing and makes the file readable by everybody.
  private static func makeDurable(_ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) { open(path, O_RDWR | O_CLOEXEC) }
    defer { close(descriptor) }
    try Syscall.check("fchmod", path) { fchmod(descriptor, 0o640) }
    try Syscall.check("fsync", path) { fsync(descriptor) }
  }

  private static func inTransaction<Result>(
    _ connection: Connection, _ body: () throws -> Result
  ) throws -> Result {
    try connection.begin("BEGIN IMMEDIATE")
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
