/// The view of a database inside one transaction; valid only inside the closure that receives it.
///
/// Not `Sendable`, so that it cannot leave the database's thread.
public final class Transaction {
  private let connection: Connection
  private let isReadOnly: Bool
  private(set) var actionsAfterCommit: [@Sendable () -> Void] = []

  init(connection: Connection, isReadOnly: Bool = false) {
    self.connection = connection
    self.isReadOnly = isReadOnly
  }

  /// Runs a statement that yields no rows; returns how many rows it changed.
  @discardableResult
  public func execute(_ sql: String, _ values: any Bindable...) throws(StorageError) -> Int {
    guard !isReadOnly else {
      throw StorageError(.misuse, "a change inside `read` would be undone", sql: sql)
    }
    try requireOpen()
    try connection.execute(sql, values)
    return connection.changes
  }

  /// Every row, as the reader makes it.
  public func all<Value>(
    _ sql: String, _ values: any Bindable...,
    read: (borrowing Row) throws(StorageError) -> Value
  ) throws(StorageError) -> [Value] {
    try requireOpen()
    var found: [Value] = []
    try connection.query(sql, values) { (row: borrowing Row) throws(StorageError) in
      found.append(try read(row))
      return true
    }
    return found
  }

  /// The first row, as the reader makes it; nil where there is none.
  public func first<Value>(
    _ sql: String, _ values: any Bindable...,
    read: (borrowing Row) throws(StorageError) -> Value
  ) throws(StorageError) -> Value? {
    try requireOpen()
    var found: Value?
    try connection.query(sql, values) { (row: borrowing Row) throws(StorageError) in
      found = try read(row)
      return false
    }
    return found
  }

  /// Runs the body so that it can fail alone: when it throws, what it changed (and what it asked to
  /// be done after the commit) is undone, and the rest of the transaction stands.
  public func nested<Result>(_ body: () throws -> Result) throws -> Result {
    try requireOpen()
    let actions = actionsAfterCommit.count
    try connection.execute("SAVEPOINT nested", [])
    do {
      let result = try body()
      try requireOpen()
      try connection.execute("RELEASE nested", [])
      return result
    } catch {
      // After a full disk SQLite may have rolled the whole transaction back already; then there is
      // no savepoint left, and the first error is the one that matters.
      if connection.isInTransaction {
        try? connection.execute("ROLLBACK TO nested", [])
        try? connection.execute("RELEASE nested", [])
      }
      actionsAfterCommit.removeSubrange(actions...)
      throw error
    }
  }

  /// Does something once this transaction is on disk, and never if it is rolled back. The action
  /// runs on the database's thread and must be short: a signal to somebody who waits.
  public func afterCommit(_ action: @escaping @Sendable () -> Void) {
    actionsAfterCommit.append(action)
  }

  /// SQLite ends a transaction by itself when the disk is full or fails. A body that swallowed that
  /// error must not go on: each further statement would be committed alone.
  func requireOpen() throws(StorageError) {
    if let failure = connection.rolledBackBy { throw failure }
  }
}
