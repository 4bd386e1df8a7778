internal import Base
internal import CSQLite
internal import Glibc

/// One SQLite handle with its prepared statements; used from one thread only.
///
/// Durability: WAL with `synchronous=FULL`, because an acknowledged message must survive a power
/// cut; a commit costs about 0.15 ms on the disks measured. One connection per file and one process
/// per file: Debian's SQLite 3.40.1 can corrupt a WAL database when two connections write and
/// checkpoint at the same instant (fixed in 3.51.3).
final class Connection {
  private let handle: OpaquePointer
  private var statements: [String: OpaquePointer] = [:]

  init(path: String) throws(StorageError) {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let code = sqlite3_open_v2(path, &handle, flags, nil)
    guard let handle, code == SQLITE_OK else {
      sqlite3_close(handle)
      throw StorageError(
        .notPermitted,
        "the database \(path) cannot be opened: \(String(cString: sqlite3_errstr(code))); check "
          + "that its folder exists and belongs to this user")
    }
    self.handle = handle
    sqlite3_extended_result_codes(handle, 1)
    _ = airloom_sqlite3_defensive(handle)
    chmod(path, 0o640)
    // The wait comes first: a process that is just ending may hold the file for a moment. EXCLUSIVE
    // keeps a second process out for as long as this one lives, and spares the -shm file.
    do throws(StorageError) {
      for pragma in [
        "busy_timeout=2000", "locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL",
        "foreign_keys=ON", "trusted_schema=OFF", "cache_size=-1000",
      ] {
        try execute("PRAGMA \(pragma)", [])
      }
    } catch {
      throw error.opening(path)
    }
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close(handle)
  }

  /// Rows that the last statement inserted, changed or deleted.
  var changes: Int { Int(sqlite3_changes(handle)) }

  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// The failure after which SQLite rolled the whole transaction back by itself (a full disk, an I/O
  /// error). Whoever goes on all the same would commit each further statement alone.
  private(set) var rolledBackBy: StorageError?

  func begin(_ sql: String) throws(StorageError) {
    rolledBackBy = nil
    try execute(sql, [])
  }

  func execute(_ sql: String, _ values: [any Bindable]) throws(StorageError) {
    try query(sql, values) { (_: borrowing Row) throws(StorageError) in true }
  }

  /// Calls `each` for every row until it says false.
  func query(
    _ sql: String, _ values: [any Bindable],
    _ each: (borrowing Row) throws(StorageError) -> Bool
  ) throws(StorageError) {
    let statement = try prepared(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    guard sqlite3_bind_parameter_count(statement) == Int32(values.count) else {
      throw StorageError(.misuse, "the statement takes another number of values", sql: sql)
    }
    let wasInTransaction = isInTransaction
    for (index, value) in values.enumerated() {
      try check(bind(value.stored, to: statement, at: Int32(index + 1)), sql)
    }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        if try !each(Row(statement: statement, sql: sql)) { return }
      case SQLITE_DONE: return
      case let code:
        let error = failure(code, sql)
        if wasInTransaction, !isInTransaction { rolledBackBy = error }
        throw error
      }
    }
  }

  /// Runs several statements of text that this project wrote, such as a migration.
  func executeScript(_ sql: String) throws(StorageError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil), sql)
  }

  private func prepared(_ sql: String) throws(StorageError) -> OpaquePointer {
    if let statement = statements[sql], sqlite3_stmt_busy(statement) == 0 { return statement }
    precondition(
      statements[sql] == nil, "a statement was started again while its rows were being read: \(sql)"
    )
    var statement: OpaquePointer?
    let (code, isOnlyOne) = sql.withCString { start in
      var rest: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v3(
        handle, start, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, &rest)
      return (code, rest.map { String(cString: $0).allSatisfy(\.isWhitespace) } ?? true)
    }
    guard code == SQLITE_OK, let statement else { throw failure(code, sql) }
    guard isOnlyOne else {
      sqlite3_finalize(statement)
      throw StorageError(.misuse, "only the first of several statements would be run", sql: sql)
    }
    statements[sql] = statement
    return statement
  }

  private func bind(
    _ value: StoredValue, to statement: OpaquePointer, at index: Int32
  ) -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let number): return sqlite3_bind_int64(statement, index, number)
    case .real(let number): return sqlite3_bind_double(statement, index, number)
    case .text(var text):
      return text.withUTF8 { buffer in
        buffer.withMemoryRebound(to: CChar.self) {
          // A string of no bytes may have no address, and SQLite would take that for NULL.
          $0.isEmpty
            ? airloom_sqlite3_bind_text(statement, index, "", 0)
            : airloom_sqlite3_bind_text(statement, index, $0.baseAddress, Int32($0.count))
        }
      }
    case .blob(let bytes):
      return bytes.withUnsafeBytes { buffer in
        buffer.isEmpty
          ? sqlite3_bind_zeroblob(statement, index, 0)
          : airloom_sqlite3_bind_blob(statement, index, buffer.baseAddress, Int32(buffer.count))
      }
    }
  }

  private func check(_ code: Int32, _ sql: String) throws(StorageError) {
    if code != SQLITE_OK { throw failure(code, sql) }
  }

  /// The one table from SQLite's result codes to what a caller can do about them.
  private func failure(_ code: Int32, _ sql: String) -> StorageError {
    let kind: StorageError.Kind =
      switch code & 0xFF {
      case SQLITE_FULL: .diskFull
      case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN, SQLITE_AUTH: .notPermitted
      case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
      case SQLITE_CONSTRAINT: .constraint
      case SQLITE_BUSY, SQLITE_LOCKED: .busy
      case SQLITE_IOERR: .inputOutput
      default: .misuse
      }
    return StorageError(kind, String(cString: sqlite3_errmsg(handle)), sql: sql)
  }
}
