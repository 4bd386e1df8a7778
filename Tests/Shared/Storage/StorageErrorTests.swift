import Base
import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

/// Every kind of failure, brought about for real.
@Suite struct StorageErrorTests {
  private func kindOfOpening(_ path: String) -> StorageError.Kind? {
    do {
      _ = try Database(path: path, schemas: [("things", [Fixture.things])])
      return nil
    } catch {
      return (error as? StorageError)?.kind
    }
  }

  @Test("A full database refuses the change, keeps what was, and works again when there is room")
  func diskFull() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { try $0.add("before") }
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { try $0.fillUntilFull() }
    }
    #expect(error?.kind == .diskFull)
    #expect(error?.mayPass == true)
    #expect(try await fixture.names() == ["before"])
    try await fixture.database.write { transaction in
      try transaction.execute("PRAGMA max_page_count = 1000000")
      try transaction.add("after")
    }
    #expect(try await fixture.names() == ["before", "after"])
  }

  @Test("A disk without room is diskFull, and the change can be made once there is room")
  func diskWithoutRoom() async throws {
    let folder = try TemporaryFolder()
    // Mounting takes a privilege that not every machine gives; the limit on pages, tested above, is
    // the same error by another way.
    guard mount("tmpfs", folder.path, "tmpfs", 0, "size=256k") == 0 else { return }
    defer { umount2(folder.path, 2) }
    let database = try Database(path: folder("a.sqlite"), schemas: [("t", [Fixture.things])])
    let error = await #expect(throws: StorageError.self) {
      for number in 0..<200 {
        try await database.write { transaction in
          try transaction.add("n\(number)", bytes: [UInt8](repeating: 1, count: 4000))
        }
      }
    }
    #expect(error?.kind == .diskFull)
    #expect(mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
    try await database.write { try $0.add("after") }
  }

  @Test("A body that swallows a full disk cannot commit what it does afterwards")
  func swallowedDiskFull() async throws {
    let fixture = try Fixture()
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        try transaction.add("before")
        try? transaction.fillUntilFull()
        try transaction.add("after")
      }
    }
    #expect(error?.kind == .diskFull)
    #expect(try await fixture.names() == [])
    let second = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        try? transaction.nested { try transaction.fillUntilFull() }
      }
    }
    #expect(second?.kind == .diskFull)
    #expect(try await fixture.names() == [])
  }

  @Test("A folder that is missing, or a file where a folder should be, is not permitted")
  func missingFolder() throws {
    let folder = try TemporaryFolder()
    try folder.file("file", "x")
    #expect(kindOfOpening(folder("none/a.sqlite")) == .notPermitted)
    #expect(kindOfOpening(folder("file/a.sqlite")) == .notPermitted)
    #expect(kindOfOpening(folder.path) == .notPermitted)
  }

  @Test("A folder that this user may not write is not permitted, and says whose it should be")
  func readOnlyFolder() async throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o555)
    // The tests may run as root, who may write everywhere: this thread takes nobody's rights.
    typealias SetUser = @convention(c) (UInt32) -> Int32
    let symbol = try #require(dlsym(nil, "setfsuid"))
    let setUser = unsafeBitCast(symbol, to: SetUser.self)
    let text: String = await withCheckedContinuation { continuation in
      BackgroundThread(named: "nobody") {
        _ = setUser(65_534)
        let result = Result {
          try Database(path: folder("a.sqlite"), schemas: [("things", [Fixture.things])])
        }
        switch result {
        case .success: continuation.resume(returning: "opened")
        case .failure(let error):
          let isRight = (error as? StorageError)?.kind == .notPermitted
          continuation.resume(returning: isRight ? "\(error)" : "another kind: \(error)")
        }
      }.start()
    }
    #expect(text.contains(folder("a.sqlite")) && text.contains("belong"), "\(text)")
  }

  @Test("A file that is no database is corrupt, and stays as it is")
  func notADatabase() throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "This is no database. ", count: 100)
    try folder.file("a.sqlite", text)
    #expect(kindOfOpening(folder("a.sqlite")) == .corrupt)
    #expect(try folder.text("a.sqlite") == text)
  }

  @Test("A database whose pages were overwritten is corrupt")
  func damaged() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { transaction in
      for number in 0..<200 {
        try transaction.add("n\(number)", bytes: [UInt8](repeating: 1, count: 200))
      }
    }
    let copy = fixture.folder("copy.sqlite")
    try await fixture.database.backup(to: copy)
    var bytes = try DurableFile.read(copy)
    for index in 4096..<bytes.count { bytes[index] = 0xA5 }
    try DurableFile.write(bytes, to: copy)
    #expect(kindOfOpening(copy) == .corrupt)
  }

  @Test("A write-ahead log that is cut while it is in use is an input/output error")
  func failingDisk() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { transaction in
      for number in 0..<300 {
        try transaction.add("n\(number)", bytes: [UInt8](repeating: 1, count: 8000))
      }
    }
    #expect(truncate(fixture.path + "-wal", 0) == 0)
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.read { transaction in
        try transaction.all("SELECT bytes FROM things") {
          row throws(StorageError) in try row.blob(0).count
        }
      }
    }
    #expect(error?.kind == .inputOutput)
    #expect(error?.mayPass == true)
  }

  @Test(
    "A row that a constraint refuses",
    arguments: [
      "INSERT INTO things (name) VALUES ('one')", "INSERT INTO things (name) VALUES (NULL)",
      "INSERT INTO parts (thing) VALUES (99)",
      "INSERT INTO things (name, bytes) VALUES ('y', 'no bytes')",
    ])
  func constraint(sql: String) async throws {
    let fixture = try Fixture()
    try await fixture.database.write { try $0.add("one") }
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        try transaction.add("two")
        try transaction.execute(sql)
      }
    }
    #expect(error?.kind == .constraint)
    #expect(error?.mayPass == false)
    #expect(error?.sql == sql)
    #expect(try await fixture.names() == ["one"])
  }

  @Test("A database that another process has open is busy, and the sentence says what to do")
  func lockedByAnotherProcess() async throws {
    let folder = try TemporaryFolder()
    let path = folder("a.sqlite")
    _ = try Database(path: path, schemas: [("things", [Fixture.things])])
    let holder = try Holder(path: path)
    defer { holder.end() }
    let error = #expect(throws: StorageError.self) {
      try Database(path: path, schemas: [("things", [Fixture.things])])
    }
    #expect(error?.kind == .busy)
    #expect(error?.reason.contains("another process has it open") == true)
  }

  @Test("A second opening in the same process is refused too")
  func openedTwice() throws {
    let fixture = try Fixture()
    #expect(kindOfOpening(fixture.path) == .busy)
  }

  @Test("A database of a newer version is refused and left as it is")
  func tooNew() async throws {
    let folder = try TemporaryFolder()
    let path = folder("a.sqlite")
    let second = Migration("more", "ALTER TABLE things ADD COLUMN more TEXT;")
    do {
      let newer = try Database(path: path, schemas: [("things", [Fixture.things, second])])
      try await newer.write { try $0.add("kept") }
    }
    #expect(kindOfOpening(path) == .tooNew)
    let again = try Database(path: path, schemas: [("things", [Fixture.things, second])])
    let count = try await again.read { transaction in
      try transaction.first("SELECT count(*) FROM things WHERE more IS NULL") {
        row throws(StorageError) in try row.int(0)
      }
    }
    #expect(count == 1)
  }

  @Test(
    "A statement that is wrong is a misuse",
    arguments: [
      "SELEC 1", "INSERT INTO nowhere VALUES (1)", "", "-- nothing", "SELECT ?",
      "DELETE FROM things; DELETE FROM parts",
    ])
  func misuse(sql: String) async throws {
    let fixture = try Fixture()
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { _ = try $0.execute(sql) }
    }
    #expect(error?.kind == .misuse)
    #expect(error?.mayPass == false)
  }
}

/// A process of SQLite's own shell that holds a database until it is ended.
private struct Holder {
  private let pipe: UnsafeMutablePointer<FILE>

  init(path: String) throws {
    let shell = try requires(Tool("sqlite3", package: "sqlite3"))
    let mark = path + ".held"
    let opened = popen("\(shell) '\(path)' >'\(mark)' 2>&1", "w")
    pipe = try #require(opened)
    fputs("BEGIN EXCLUSIVE;\nSELECT 'held';\n", pipe)
    fflush(pipe)
    let time = SystemTimeSource()
    let deadline = time.monotonic() + .seconds(10)
    while (try? DurableFile.read(mark))?.isEmpty ?? true {
      guard time.monotonic() < deadline else { throw TestFailure("sqlite3 did not answer") }
      usleep(5000)
    }
  }

  func end() { pclose(pipe) }
}
