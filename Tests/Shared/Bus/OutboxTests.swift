import Base
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Bus

@Suite struct OutboxTests {
  private final class Wakes: Sendable {
    private let all = Mutex<[String]>([])
    var list: [String] { all.withLock { $0 } }
    func add(_ channel: Channel, _ head: Int64) {
      all.withLock { $0.append("\(channel.text) \(head)") }
    }
  }

  private let folder: TemporaryFolder
  private let database: Database
  private let outbox = Outbox()
  private let wakes = Wakes()

  init() throws {
    folder = try TemporaryFolder()
    database = try BusDatabase.open(folder("a.sqlite"))
    outbox.onAppend { [wakes] channel, head in wakes.add(channel, head) }
  }

  @Test("What is committed is logged and its sender is woken, after the commit")
  func committed() async throws {
    let id = try await database.write { transaction in
      let id = try outbox.send(Note(number: 1), to: .worker, in: transaction)
      try outbox.publish(Note(number: 2), answering: id, in: transaction)
      #expect(wakes.list == [])
      return id
    }
    #expect(wakes.list == ["worker-1 1", "* 2"])
    try await database.read { transaction in
      let events = try MessageLog.entries(
        of: .followers, after: 0, limit: 9, byteLimit: 9999, transaction)
      #expect(events.map(\.correlation) == [id])
      #expect(events.map(\.type) == ["test.note"])
      let body = String(decoding: events.first?.body ?? [], as: UTF8.self)
      #expect(body.contains(#""number":2"#))
    }
  }

  @Test("What is rolled back is neither logged nor sent")
  func rolledBack() async throws {
    struct Deliberate: Error {}
    await #expect(throws: Deliberate.self) {
      try await database.write { transaction in
        try outbox.send(Note(number: 1), to: .worker, in: transaction)
        throw Deliberate()
      }
    }
    try await database.write { transaction in
      try? transaction.nested {
        try outbox.publish(Note(number: 2), in: transaction)
        throw Deliberate()
      }
    }
    #expect(wakes.list == [])
    #expect(try await database.read { try $0.count("bus_log") } == 0)
  }

  @Test("A message that no packet can carry is refused, not stuck at the head of its channel")
  func tooLong() async throws {
    let long = Note(number: 1, text: String(repeating: "x", count: 1 << 20))
    let error = await #expect(throws: MessageTooLong.self) {
      try await database.write { _ = try outbox.send(long, to: .worker, in: $0) }
    }
    #expect(error?.description.contains("test.note") == true)
    let fits = Note(number: 1, text: String(repeating: "x", count: 900_000))
    try await database.write { _ = try outbox.send(fits, to: .worker, in: $0) }
    #expect(try await database.read { try $0.count("bus_log") } == 1)
  }
}
