import Base
import Storage
import TestSupport
import Testing

@testable import Bus

@Suite struct MessageLogTests {
  private let folder: TemporaryFolder
  private let database: Database
  private static let start = Instant(seconds: 1_800_000_000)

  init() throws {
    folder = try TemporaryFolder()
    database = try BusDatabase.open(folder("a.sqlite"))
  }

  private static func entry(_ bytes: Int = 2) -> LogEntryRecord {
    LogEntryRecord(
      sequence: 0, id: .random(), type: "test.note", correlation: nil, createdAt: start,
      body: [UInt8](repeating: 32, count: bytes))
  }

  @Test("Entries get growing numbers, and each channel gives its own in order")
  func append() async throws {
    try await database.write { transaction in
      let channels: [Channel] = [.followers, .node(.worker), .followers, .node(.other)]
      let numbers = try channels.map { try MessageLog.append(Self.entry(), to: $0, transaction) }
      #expect(numbers == [1, 2, 3, 4])
      let found = try MessageLog.entries(
        of: .followers, after: 0, limit: 10, byteLimit: 1000, transaction)
      #expect(found.map(\.sequence) == [1, 3])
      let later = try MessageLog.entries(
        of: .followers, after: 1, limit: 10, byteLimit: 1000, transaction)
      #expect(later.map(\.sequence) == [3])
      #expect(
        try MessageLog.extents(transaction) == [
          .followers: Extent(pruned: 0, head: 3), .node(.worker): Extent(pruned: 0, head: 2),
          .node(.other): Extent(pruned: 0, head: 4),
        ])
    }
  }

  @Test("An entry comes back as it was appended")
  func sameEntry() async throws {
    var entry = Self.entry()
    entry.correlation = .random()
    entry.body = Array(#"{"ü":1}"#.utf8)
    try await database.write { [entry] transaction in
      var expected = entry
      expected.sequence = try MessageLog.append(entry, to: .followers, transaction)
      #expect(
        try MessageLog.entries(
          of: .followers, after: 0, limit: 1, byteLimit: 1, transaction) == [expected])
    }
  }

  @Test(
    "A run is cut by count and by bytes, and holds one entry at least",
    arguments: [(10, 1000, 5), (3, 1000, 3), (10, 250, 2), (10, 1, 1), (10, 200, 2), (10, 199, 1)])
  func runs(limit: Int, byteLimit: Int, count: Int) async throws {
    try await database.write { transaction in
      for _ in 0..<5 { _ = try MessageLog.append(Self.entry(100), to: .followers, transaction) }
      let found = try MessageLog.entries(
        of: .followers, after: 0, limit: limit, byteLimit: byteLimit, transaction)
      #expect(found.count == count)
    }
  }

  @Test("The incarnation stays with the database, and is new in a new one")
  func incarnation() async throws {
    let first = try await database.write { try MessageLog.incarnation($0) }
    #expect(try await database.write { try MessageLog.incarnation($0) } == first)
    let other = try BusDatabase.open(folder("b.sqlite"))
    #expect(try await other.write { try MessageLog.incarnation($0) } != first)
  }

  @Test("Nothing that one node was told and has not acknowledged is ever deleted")
  func unacknowledgedStays() async throws {
    try await database.write { transaction in
      for _ in 0..<4 { _ = try MessageLog.append(Self.entry(), to: .node(.worker), transaction) }
      let never = Self.start + .seconds(1_000_000_000)
      // A node that was never heard of, then one that was heard of long ago.
      #expect(
        try MessageLog.prune(forgettingFollowersSilentSince: never, transaction).isEmpty)
      let subscription = Subscription(consumer: .worker, channel: .node(.worker))
      try MessageLog.remember(subscription, acknowledged: 2, at: Self.start, transaction)
      let lines = try MessageLog.prune(forgettingFollowersSilentSince: never, transaction)
      #expect(lines.map(\.0) == [.node(.worker)])
      #expect(lines.map(\.1) == [2])
      #expect(try transaction.numbers("SELECT sequence FROM bus_log ORDER BY 1") == [3, 4])
    }
  }

  @Test("Followers hold entries back until they have them or were silent for too long")
  func followers() async throws {
    try await database.write { transaction in
      for _ in 0..<6 { _ = try MessageLog.append(Self.entry(), to: .followers, transaction) }
      func remember(_ node: NodeID, _ acknowledged: Int64, _ seconds: Int64) throws {
        try MessageLog.remember(
          Subscription(consumer: node, channel: .followers), acknowledged: acknowledged,
          at: Self.start + .seconds(seconds), transaction)
      }
      func pruneLine(_ seconds: Int64) throws -> [Int64] {
        try MessageLog.prune(
          forgettingFollowersSilentSince: Self.start + .seconds(seconds), transaction
        ).map(\.1)
      }
      try remember(.follower, 5, 100)
      try remember(.other, 2, 0)
      #expect(try pruneLine(0) == [2])
      // A second time there is nothing to delete.
      #expect(try pruneLine(0) == [])
      // The silent one is forgotten.
      #expect(try pruneLine(1) == [5])
      // With no follower left nobody needs the log.
      #expect(try pruneLine(101) == [6])
      #expect(try transaction.count("bus_log") == 0)
    }
  }

  @Test("Numbers are never used twice and the pruned line stays, over a restart too")
  func persists() async throws {
    let path = folder("c.sqlite")
    do {
      let database = try BusDatabase.open(path)
      try await database.write { transaction in
        for _ in 0..<3 { _ = try MessageLog.append(Self.entry(), to: .followers, transaction) }
        _ = try MessageLog.prune(forgettingFollowersSilentSince: Self.start, transaction)
      }
    }
    let again = try BusDatabase.open(path)
    try await again.write { transaction in
      let extents = try MessageLog.extents(transaction)
      #expect(extents == [.followers: Extent(pruned: 3, head: 3)])
      #expect(try MessageLog.append(Self.entry(), to: .followers, transaction) == 4)
    }
  }

  @Test("A place in a peer's log moves on; a new life retires the old one for good")
  func positions() async throws {
    let source = Source(producer: .hub, channel: .followers)
    let (old, new) = (Incarnation(unchecked: "old"), Incarnation(unchecked: "new"))
    try await database.write { transaction in
      for cursor in [3, 7] {
        try PositionStore.store(
          Position(incarnation: old, cursor: Int64(cursor)), of: source, transaction)
      }
      try PositionStore.store(Position(incarnation: new, cursor: 1), of: source, transaction)
      let intake = try #require(try PositionStore.intakes(transaction)[source])
      #expect(intake.position == Position(incarnation: new, cursor: 1))
      #expect(intake.isRetired(old))
      #expect(!intake.isRetired(new))
    }
  }

  @Test("Attempts are counted by message, and one that was survived is taken back")
  func attempts() async throws {
    let source = Source(producer: .hub, channel: .node(.worker))
    try await database.write { transaction in
      func count(_ sequence: Int64) throws -> Int {
        try PositionStore.countAttempt(at: sequence, of: source, transaction)
      }
      #expect(try count(5) == 1)
      #expect(try count(5) == 2)
      try PositionStore.forgiveAttempt(at: 5, of: source, transaction)
      #expect(try count(5) == 2)
      #expect(try count(6) == 1)
      try PositionStore.forgiveAttempt(at: 5, of: source, transaction)
      #expect(try count(6) == 2)
    }
  }

  @Test("A message that is set aside twice is one row")
  func setAside() async throws {
    let entry = Self.entry()
    try await database.write { transaction in
      for _ in 0..<2 {
        try PositionStore.setAside(entry, from: .hub, reason: "r", at: Self.start, transaction)
      }
      #expect(try PositionStore.setAsideCount(transaction) == 1)
    }
  }
}
