public import Base
internal import CSQLite

/// The current row of a running statement; valid only inside the closure that receives it.
///
/// A column that does not hold what is asked for means that schema and code disagree; that is
/// thrown as `.misuse`, never guessed around.
public struct Row: ~Copyable {
  private let statement: OpaquePointer
  private let sql: String

  /// Not inlined: Swift 6.3.1 crashes when it optimises a function into which this was.
  @inline(never)
  init(statement: OpaquePointer, sql: String) {
    self.statement = statement
    self.sql = sql
  }

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL
  }

  /// As `isNull`, for the readers of optional values, to which a column that does not exist must not
  /// look like an empty one.
  private func isAbsent(_ column: Int) throws(StorageError) -> Bool {
    guard (0..<Int(sqlite3_column_count(statement))).contains(column) else {
      throw mismatch(column, "anything: there is no such column")
    }
    return isNull(column)
  }

  public func int64(_ column: Int) throws(StorageError) -> Int64 {
    guard sqlite3_column_type(statement, Int32(column)) == SQLITE_INTEGER else {
      throw mismatch(column, "an integer")
    }
    return sqlite3_column_int64(statement, Int32(column))
  }

  public func int(_ column: Int) throws(StorageError) -> Int { Int(try int64(column)) }

  public func bool(_ column: Int) throws(StorageError) -> Bool { try int64(column) != 0 }

  public func instant(_ column: Int) throws(StorageError) -> Instant {
    Instant(microseconds: try int64(column))
  }

  public func double(_ column: Int) throws(StorageError) -> Double {
    switch sqlite3_column_type(statement, Int32(column)) {
    case SQLITE_FLOAT, SQLITE_INTEGER: sqlite3_column_double(statement, Int32(column))
    default: throw mismatch(column, "a number")
    }
  }

  public func text(_ column: Int) throws(StorageError) -> String {
    guard sqlite3_column_type(statement, Int32(column)) == SQLITE_TEXT,
      let start = sqlite3_column_text(statement, Int32(column))
    else { throw mismatch(column, "text") }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    let bytes = UnsafeBufferPointer(start: start, count: count)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw mismatch(column, "UTF-8")
    }
    return text
  }

  public func blob(_ column: Int) throws(StorageError) -> [UInt8] {
    guard sqlite3_column_type(statement, Int32(column)) == SQLITE_BLOB else {
      throw mismatch(column, "bytes")
    }
    // A blob of no bytes has no address.
    guard let start = sqlite3_column_blob(statement, Int32(column)) else { return [] }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  public func identifier<Name: Identifier>(
    _ column: Int, as type: Name.Type = Name.self
  ) throws(StorageError) -> Name {
    guard let name = Name(try text(column)) else { throw mismatch(column, "an identifier") }
    return name
  }

  /// nil for NULL, else what the reader makes of the column:
  /// `try row.optional(3) { row, column throws(StorageError) in try row.instant(column) }`
  public func optional<Value>(
    _ column: Int, _ read: (borrowing Row, Int) throws(StorageError) -> Value
  ) throws(StorageError) -> Value? {
    try isAbsent(column) ? nil : try read(self, column)
  }

  public func optionalText(_ column: Int) throws(StorageError) -> String? {
    try isAbsent(column) ? nil : try text(column)
  }

  public func optionalInt64(_ column: Int) throws(StorageError) -> Int64? {
    try isAbsent(column) ? nil : try int64(column)
  }

  public func optionalInstant(_ column: Int) throws(StorageError) -> Instant? {
    try isAbsent(column) ? nil : try instant(column)
  }

  public func optionalIdentifier<Name: Identifier>(
    _ column: Int, as type: Name.Type = Name.self
  ) throws(StorageError) -> Name? {
    try isAbsent(column) ? nil : try identifier(column)
  }

  private func mismatch(_ column: Int, _ wanted: String) -> StorageError {
    let name = sqlite3_column_name(statement, Int32(column)).map { String(cString: $0) }
    return StorageError(
      .misuse, "column \(column) (\(name ?? "none")) does not hold \(wanted)", sql: sql)
  }
}
