import Base
import Messages
import Storage
import TestSupport

@testable import Bus

/// A durable message of these tests.
struct Note: DurableMessage, Hashable {
  static let type = "test.note"
  var number: Int
  var text = ""
}

/// One that no node of these tests has a handler for.
struct Unheard: DurableMessage, Hashable {
  static let type = "test.unheard"
  var number = 0
}

struct Pulse: TelemetryMessage, Hashable {
  static let type = "test.pulse"
  var number: Int
}

extension NodeID {
  static let hub = NodeID(unchecked: "hub")
  static let worker = NodeID(unchecked: "worker-1")
  static let other = NodeID(unchecked: "worker-2")
  static let follower = NodeID(unchecked: "follower")
}

/// A database with the bus's tables and those of these tests.
enum BusDatabase {
  private static let tables = Migration(
    "notes",
    """
    CREATE TABLE heard (
      place INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of taking effect
      sender TEXT NOT NULL,
      number INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE said (number INTEGER PRIMARY KEY) STRICT;
    """)

  static func open(_ path: String) throws -> Database {
    try Database(path: path, schemas: [BusSchema.schema, ("test", [tables])])
  }
}

extension Transaction {
  func numbers(_ sql: String, _ values: any Bindable...) throws(StorageError) -> [Int] {
    guard let value = values.first else {
      return try all(sql) { row throws(StorageError) in try row.int(0) }
    }
    return try all(sql, value) { row throws(StorageError) in try row.int(0) }
  }

  func count(_ table: String) throws(StorageError) -> Int {
    try numbers("SELECT count(*) FROM \(table)").first ?? -1
  }
}
