/// What went wrong with a database, and with which statement.
public struct StorageError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The file system has no room; nothing was changed, and a later try may succeed.
    case diskFull
    /// The file cannot be opened or written by this user.
    case notPermitted
    /// The file is no database, or is damaged.
    case corrupt
    /// A constraint (unique, foreign key, check) refused the row.
    case constraint
    /// Another process holds the file; each database has one owner, so this is a mistake in set-up.
    case busy
    /// The file was made by a newer version of Airloom.
    case tooNew
    /// The disk failed to read or write.
    case inputOutput
    /// A row did not hold what the code expects, or a statement is wrong: a bug.
    case misuse
  }

  public let kind: Kind
  /// One sentence, fit for a person.
  public let reason: String
  /// The statement, where there was one.
  public let sql: String?

  /// Whether the same change may succeed later without anybody touching the code or the schema.
  public var mayPass: Bool {
    switch kind {
    case .diskFull, .notPermitted, .busy, .inputOutput: true
    case .corrupt, .constraint, .tooNew, .misuse: false
    }
  }

  public init(_ kind: Kind, _ reason: String, sql: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.sql = sql
  }

  /// The same failure for whoever started a service: which file, and what to do.
  func opening(_ path: String) -> StorageError {
    let advice =
      switch kind {
      case .diskFull: "make room on its disk"
      case .notPermitted: "check that the file and its folder belong to this user"
      case .corrupt: "restore a backup, or move the file away to begin with an empty one"
      case .busy: "another process has it open; end that one, or give this one a home of its own"
      case .inputOutput: "check the disk"
      case .constraint, .tooNew, .misuse: "please report this"
      }
    return StorageError(
      kind, "the database \(path) cannot be opened: \(reason); \(advice)", sql: nil)
  }

  public var description: String { sql.map { "\(reason) [\($0)]" } ?? reason }
}
