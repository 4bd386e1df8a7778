import Base
import Messages
import Storage
import TestSupport
import Testing

@testable import Bus

/// Two whole nodes with real databases over real sockets.
@Suite struct BusOverSocketsTests {
  @Test("A command committed before the receiver ever ran is applied once it does")
  func catchesUp() async throws {
    let folder = try TemporaryFolder()
    try Syscall.makeFolders("\(folder.path)/bus", mode: 0o750)
    let scheduler = NodeID(unchecked: "scheduler")
    let endpoints = Endpoints.ipc(of: scheduler, in: "\(folder.path)/bus")
    let gateway = try await Member(
      TransportSettings(node: NodeID(unchecked: "gateway"), peers: [scheduler: endpoints]),
      in: folder.path)
    for number in 1...200 {
      let stream = StreamID(unchecked: "s\(number)")
      _ = try await gateway.database.write { [outbox = gateway.outbox] in
        try outbox.send(RemoveStream(stream: stream), to: scheduler, in: $0)
      }
    }
    let receiver = try await Member(
      TransportSettings(node: scheduler, bind: endpoints), in: folder.path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await gateway.bus.run() }
      group.addTask { try await receiver.bus.run() }
      try await eventually("all 200 are applied") { try await receiver.applied().count == 200 }
      #expect(try await receiver.applied() == (1...200).map { "s\($0)" })
      try await eventually("all are acknowledged") {
        await gateway.bus.status().unacknowledged == 0
      }
      group.cancelAll()
    }
  }
}

/// A node that writes down the streams it is told to remove.
private struct Member {
  let database: Database
  let outbox = Outbox()
  let bus: BusNode

  init(_ settings: TransportSettings, in folder: String) async throws {
    let schema = Migration("what was applied", "CREATE TABLE applied (stream TEXT) STRICT;")
    database = try Database(
      path: "\(folder)/\(settings.node).sqlite",
      schemas: [BusSchema.schema, ("test", [schema])])
    var handlers = BusHandlers()
    handlers.on(RemoveStream.self) { message, _, transaction in
      try transaction.execute("INSERT INTO applied (stream) VALUES (?)", message.stream)
    }
    bus = try await BusNode(
      settings: settings, database: database, outbox: outbox, handlers: handlers, log: .silent)
  }

  func applied() async throws -> [String] {
    try await database.read { transaction in
      try transaction.all("SELECT stream FROM applied ORDER BY rowid") {
        row throws(StorageError) in try row.text(0)
      }
    }
  }
}
