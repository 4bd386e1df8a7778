import Base
import Storage
import TestSupport
import Testing

/// Values in and out, and what a reader is told when a column holds something else.
@Suite struct ValueTests {
  private static let table = Migration(
    "values",
    "CREATE TABLE v (i INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;")

  @Test(
    "Text comes back byte for byte",
    arguments: [
      "", "a", "a\0b", "\0", "Grüße 🎙️", "'; DROP TABLE v; --", "line\nbreak\r\n", "\u{FEFF}",
    ])
  func text(text: String) async throws {
    let fixture = try Fixture([Self.table])
    let got = try await fixture.database.write { transaction in
      try transaction.execute("INSERT INTO v (t) VALUES (?)", text)
      return try transaction.first("SELECT t, typeof(t), length(CAST(t AS BLOB)) FROM v") {
        row throws(StorageError) in (try row.text(0), try row.text(1), try row.int(2))
      }
    }
    #expect(try #require(got) == (text, "text", text.utf8.count))
  }

  @Test(
    "Bytes come back as they went", arguments: [[], [0], [0xFF, 0, 0xC3, 0x28], Array(0...255)])
  func blob(bytes: [UInt8]) async throws {
    let fixture = try Fixture([Self.table])
    let got = try await fixture.database.write { transaction in
      try transaction.execute("INSERT INTO v (b) VALUES (?)", bytes)
      return try transaction.first("SELECT b, typeof(b) FROM v") {
        row throws(StorageError) in (try row.blob(0), try row.text(1))
      }
    }
    #expect(try #require(got) == (bytes, "blob"))
  }

  @Test("A megabyte of text and of bytes")
  func large() async throws {
    let fixture = try Fixture([Self.table])
    let text = String(repeating: "0123456789abcdef", count: 65_536)
    let bytes = [UInt8](repeating: 0xA5, count: 1 << 20)
    let same = try await fixture.database.write { transaction in
      try transaction.execute("INSERT INTO v (t, b) VALUES (?, ?)", text, bytes)
      return try transaction.first("SELECT t, b FROM v") {
        row throws(StorageError) in
        let (gotText, gotBytes) = (try row.text(0), try row.blob(1))
        return gotText == text && gotBytes == bytes
      }
    }
    #expect(same == true)
  }

  @Test("Numbers, times, truth, names and their absence")
  func others() async throws {
    let fixture = try Fixture([Self.table])
    let moment = Instant(microseconds: -7)
    try await fixture.database.write { transaction in
      let nothing: Instant? = nil
      try transaction.execute(
        "INSERT INTO v (i, r, t, b) VALUES (?, ?, ?, ?)", Int64.min, 0.1, NodeID(unchecked: "n"),
        nothing)
      try transaction.execute("INSERT INTO v (i, r) VALUES (?, ?)", moment, Double.infinity)
      try transaction.execute("INSERT INTO v (i, r) VALUES (?, ?)", true, Double.nan)
    }
    try await fixture.database.read { transaction in
      let first = try transaction.first("SELECT i, r, t, b FROM v") {
        row throws(StorageError) in
        (
          try row.int64(0), try row.double(1), try row.identifier(2, as: NodeID.self),
          try row.optionalInstant(3)
        )
      }
      #expect(try #require(first) == (Int64.min, 0.1, NodeID(unchecked: "n"), nil))
      let rows = try transaction.all("SELECT i, r FROM v WHERE rowid > 1 ORDER BY rowid") {
        row throws(StorageError) in (try row.instant(0), row.isNull(1))
      }
      #expect(rows.map(\.0) == [moment, Instant(microseconds: 1)])
      // SQLite knows no NaN: it is stored as NULL.
      #expect(rows.map(\.1) == [false, true])
    }
  }

  @Test("A column that does not hold what is asked for is told, never guessed")
  func mismatches() async throws {
    let fixture = try Fixture([Self.table])
    try await fixture.database.write { transaction in
      try transaction.execute(
        "INSERT INTO v (i, r, t, b) VALUES (1, 1.5, 'No Identifier', x'00')")
      try transaction.execute("INSERT INTO v (t) VALUES (CAST(x'61C328' AS TEXT))")
    }
    typealias Reader = @Sendable (borrowing Row) throws(StorageError) -> Void
    let readers: [(String, Reader)] = [
      ("text of integer", { row throws(StorageError) in _ = try row.text(0) }),
      ("integer of real", { row throws(StorageError) in _ = try row.int64(1) }),
      ("integer of text", { row throws(StorageError) in _ = try row.int(2) }),
      ("number of text", { row throws(StorageError) in _ = try row.double(2) }),
      ("blob of text", { row throws(StorageError) in _ = try row.blob(2) }),
      ("text of blob", { row throws(StorageError) in _ = try row.text(3) }),
      ("identifier", { row throws(StorageError) in _ = try row.identifier(2, as: NodeID.self) }),
      ("text of null", { row throws(StorageError) in _ = try row.text(4) }),
      ("no such column", { row throws(StorageError) in _ = try row.text(5) }),
      ("optional of no such column", { row throws(StorageError) in _ = try row.optionalText(5) }),
      ("optional integer", { row throws(StorageError) in _ = try row.optionalInt64(2) }),
    ]
    for (name, reader) in readers {
      let error = await #expect(throws: StorageError.self, "\(name)") {
        try await fixture.database.read { transaction in
          _ = try transaction.first("SELECT i, r, t, b, a FROM v") {
            row throws(StorageError) in try reader(row)
          }
        }
      }
      #expect(error?.kind == .misuse, "\(name)")
    }
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.read { transaction in
        _ = try transaction.all("SELECT t FROM v WHERE i IS NULL") {
          row throws(StorageError) in try row.text(0)
        }
      }
    }
    #expect(error?.reason.contains("UTF-8") == true)
  }
}
