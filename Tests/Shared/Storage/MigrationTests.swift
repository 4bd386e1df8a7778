import Base
import Glibc
import Storage
import TestSupport
import Testing

@Suite struct MigrationTests {
  private static let steps = [
    Fixture.things,
    Migration("colour", "ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';"),
    Migration(
      "an index and a table",
      "CREATE INDEX things_by_colour ON things (colour); CREATE TABLE more (x INTEGER) STRICT;"),
  ]

  private func schema(_ database: Database) async throws -> [String] {
    try await database.read { transaction in
      try transaction.all(
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1"
      ) {
        row throws(StorageError) in try row.text(0)
      }
    }
  }

  @Test("A database brought up step by step has the schema of a fresh one, and keeps its rows")
  func freshEqualsMigrated() async throws {
    let folder = try TemporaryFolder()
    for count in 1...3 {
      let database = try Database(
        path: folder("old.sqlite"), schemas: [("things", Array(Self.steps.prefix(count)))])
      try await database.write { try $0.add("step \(count)") }
    }
    let old = try Database(path: folder("old.sqlite"), schemas: [("things", Self.steps)])
    let fresh = try Database(path: folder("fresh.sqlite"), schemas: [("things", Self.steps)])
    #expect(try await schema(old) == schema(fresh))
    let colours = try await old.read { transaction in
      try transaction.all("SELECT colour FROM things") {
        row throws(StorageError) in try row.text(0)
      }
    }
    #expect(colours == ["red", "red", "red"])
  }

  @Test("Two schemas live in one database with numbers of their own")
  func twoSchemas() async throws {
    let folder = try TemporaryFolder()
    let other = Migration("other", "CREATE TABLE other (x INTEGER) STRICT;")
    do { _ = try Database(path: folder("a"), schemas: [("things", Self.steps)]) }
    do {
      _ = try Database(path: folder("a"), schemas: [("other", [other]), ("things", Self.steps)])
    }
    let database = try Database(
      path: folder("a"), schemas: [("things", Self.steps), ("other", [other])])
    let rows = try await database.read { transaction in
      try transaction.all("SELECT schema || number || name FROM migrations ORDER BY 1") {
        row throws(StorageError) in try row.text(0)
      }
    }
    #expect(
      rows == ["other1other", "things1things", "things2colour", "things3an index and a table"])
  }

  @Test("A step that fails leaves the database as it was before all steps")
  func failingStep() async throws {
    let folder = try TemporaryFolder()
    let bad = Migration(
      "bad", "CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")
    do { _ = try Database(path: folder("a"), schemas: [("things", [Fixture.things])]) }
    #expect(throws: StorageError.self) {
      try Database(path: folder("a"), schemas: [("things", [Fixture.things, Self.steps[1], bad])])
    }
    let database = try Database(path: folder("a"), schemas: [("things", [Fixture.things])])
    #expect(try await !schema(database).contains { $0.contains("extra") || $0.contains("colour") })
  }

  @Test("Only its owner and its group can read a database and its log")
  func modes() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { try $0.add("one") }
    for suffix in ["", "-wal"] {
      var status = stat()
      #expect(stat(fixture.path + suffix, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o640)
    }
  }

  @Test("A commit survives the process: a copy of the files at that moment holds it")
  func durable() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { try $0.add("one") }
    try await fixture.database.write { try $0.add("two") }
    for suffix in ["", "-wal"] {
      try DurableFile.write(
        DurableFile.read(fixture.path + suffix), to: fixture.folder("copy" + suffix))
    }
    let copy = try Database(path: fixture.folder("copy"), schemas: [("things", [Fixture.things])])
    let count = try await copy.read { transaction in
      try transaction.first("SELECT count(*) FROM things") {
        row throws(StorageError) in try row.int(0)
      }
    }
    #expect(count == 2)
  }

  @Test("A backup is whole, can be opened, is not for everybody, and replaces nothing")
  func backup() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { try $0.add("one") }
    let path = fixture.folder("backup.sqlite")
    // What a backup that was killed has left must not be in the way.
    try fixture.folder.file("backup.sqlite.tmp", "half a backup")
    try await fixture.database.backup(to: path)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
    await #expect(throws: StorageError.self) { try await fixture.database.backup(to: path) }
    await #expect(throws: StorageError.self) {
      try await fixture.database.backup(to: fixture.folder("none/backup.sqlite"))
    }
    try await fixture.database.write { try $0.add("two") }
    let copy = try Database(path: path, schemas: [("things", [Fixture.things])])
    let names = try await copy.read { transaction in
      try transaction.all("SELECT name FROM things") {
        row throws(StorageError) in try row.text(0)
      }
    }
    #expect(names == ["one"])
    #expect(
      TemporaryFolder.names(in: fixture.folder.path).filter { $0.contains(".tmp") } == [])
  }
}
