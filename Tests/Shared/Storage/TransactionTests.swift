import Base
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct TransactionTests {
  @Test("What is thrown rolls everything back and drops what was to follow the commit")
  func rollback() async throws {
    let fixture = try Fixture()
    let after = Mutex(0)
    await #expect(throws: Deliberate.self) {
      try await fixture.database.write { transaction in
        try transaction.add("one")
        transaction.afterCommit { after.withLock { $0 += 1 } }
        throw Deliberate()
      }
    }
    #expect(try await fixture.names() == [])
    #expect(after.withLock { $0 } == 0)
  }

  @Test("What follows the commit is done in order, once, after the rows are there")
  func afterCommit() async throws {
    let fixture = try Fixture()
    let order = Mutex<[Int]>([])
    try await fixture.database.write { transaction in
      transaction.afterCommit { order.withLock { $0.append(1) } }
      try transaction.add("one")
      transaction.afterCommit { order.withLock { $0.append(2) } }
      #expect(order.withLock { $0 } == [])
    }
    #expect(order.withLock { $0 } == [1, 2])
    #expect(try await fixture.names() == ["one"])
  }

  @Test("A nested part that fails is undone alone, with what it asked to follow the commit")
  func nested() async throws {
    let fixture = try Fixture()
    let done = Mutex<[String]>([])
    try await fixture.database.write { transaction in
      try transaction.add("outer")
      transaction.afterCommit { done.withLock { $0.append("outer") } }
      #expect(throws: Deliberate.self) {
        try transaction.nested {
          try transaction.add("inner")
          transaction.afterCommit { done.withLock { $0.append("inner") } }
          throw Deliberate()
        }
      }
      let value = try transaction.nested {
        try transaction.add("second")
        #expect(throws: Deliberate.self) {
          try transaction.nested {
            try transaction.add("deep")
            throw Deliberate()
          }
        }
        transaction.afterCommit { done.withLock { $0.append("second") } }
        return 17
      }
      #expect(value == 17)
    }
    #expect(try await fixture.names() == ["outer", "second"])
    #expect(done.withLock { $0 } == ["outer", "second"])
  }

  @Test("A nested part that a constraint stops leaves the transaction usable")
  func nestedConstraint() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { transaction in
      try transaction.add("one")
      try? transaction.nested { try transaction.add("one") }
      try transaction.add("two")
    }
    #expect(try await fixture.names() == ["one", "two"])
  }

  @Test("A change inside a read is refused, not silently undone")
  func readOnly() async throws {
    let fixture = try Fixture()
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.read { try $0.add("one") }
    }
    #expect(error?.kind == .misuse)
    try await fixture.database.write { try $0.add("two") }
    #expect(try await fixture.names() == ["two"])
  }

  @Test("Execute says how many rows it changed")
  func changes() async throws {
    let fixture = try Fixture()
    let counts = try await fixture.database.write { transaction in
      try transaction.add("one")
      try transaction.add("two")
      return [
        try transaction.execute("UPDATE things SET bytes = ? WHERE id > ?", [UInt8](), 0),
        try transaction.execute("DELETE FROM things WHERE name = ?", "none"),
        try transaction.execute("INSERT OR IGNORE INTO things (name) VALUES (?)", "one"),
        try transaction.execute("DELETE FROM things"),
      ]
    }
    #expect(counts == [2, 0, 0, 2])
  }

  @Test("Ten thousand rows go in by one transaction and come out in order")
  func tenThousand() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { transaction in
      for number in 0..<10_000 { try transaction.add("name \(number)") }
    }
    let names = try await fixture.names()
    #expect(names.count == 10_000)
    #expect(names.last == "name 9999")
  }

  @Test("A hundred tasks that read, decide and write lose nothing")
  func readDecideWrite() async throws {
    let fixture = try Fixture()
    _ = try await fixture.database.write {
      try $0.execute("INSERT INTO things VALUES (1, 'n', NULL)")
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<100 {
        group.addTask {
          try await fixture.database.write { transaction in
            let id = try transaction.first("SELECT max(id) FROM things") {
              row throws(StorageError) in try row.int64(0)
            }
            let next = try #require(id) + 1
            try transaction.execute("INSERT INTO things VALUES (?, ?, NULL)", next, "n\(next)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await fixture.names().count == 101)
  }
}
