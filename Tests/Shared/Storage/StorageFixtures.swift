import Base
import Storage
import TestSupport

/// A database in a folder of its own, with one simple table.
struct Fixture {
  static let things = Migration(
    "things",
    """
    CREATE TABLE things (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      bytes BLOB
    ) STRICT;
    CREATE TABLE parts (
      thing INTEGER NOT NULL REFERENCES things (id)
    ) STRICT;
    """)

  let folder: TemporaryFolder
  let database: Database
  var path: String { folder("a.sqlite") }

  init(_ migrations: [Migration] = [things]) throws {
    folder = try TemporaryFolder()
    database = try Database(path: folder("a.sqlite"), schemas: [("things", migrations)])
  }

  func names() async throws -> [String] {
    try await database.read { transaction in
      try transaction.all("SELECT name FROM things ORDER BY id") {
        row throws(StorageError) in try row.text(0)
      }
    }
  }
}

extension Transaction {
  func add(_ name: String, bytes: [UInt8]? = nil) throws {
    try execute("INSERT INTO things (name, bytes) VALUES (?, ?)", name, bytes)
  }

  /// Fills the database until SQLite finds no room.
  func fillUntilFull() throws {
    try execute("PRAGMA max_page_count = 24")
    for number in 0..<1000 {
      try add("filling \(number)", bytes: [UInt8](repeating: 7, count: 3000))
    }
  }
}

/// What a test throws on purpose.
struct Deliberate: Error {}
