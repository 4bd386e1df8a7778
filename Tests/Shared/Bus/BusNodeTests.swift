import Base
import Messages
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Bus

/// Whole nodes with real SQLite files over a network that fails by a seed.
@Suite struct BusNodeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let hub = Station.Settings(node: .hub, isHub: true)
  static let worker = Station.Settings(node: .worker, peers: [.hub])
  static let follower = Station.Settings(node: .follower, peers: [.hub], follows: [.hub])

  func station(
    _ settings: Station.Settings, _ network: MemoryNetwork, path: String? = nil
  ) async throws -> Station {
    try await Station(
      settings, path: path ?? folder("\(settings.node).sqlite"), network: network)
  }

  @Test(
    "Over a network that loses, repeats and reorders, all arrives once and in order",
    arguments: [UInt64(1), 2, 3])
  func foulWeather(seed: UInt64) async throws {
    let network = MemoryNetwork(
      seed: seed, weather: .init(loss: 0.2, repeats: 0.3, overtaken: 0.3))
    let hub = try await station(Self.hub, network)
    let worker = try await station(Self.worker, network)
    let follower = try await station(Self.follower, network)
    async let commands: Void = hub.send(0..<150, to: .worker)
    async let reports: Void = worker.send(0..<150, to: .hub)
    async let events: Void = hub.publish(0..<150)
    _ = try await (commands, reports, events)
    try await worker.waitFor(Array(0..<150), from: .hub)
    try await hub.waitFor(Array(0..<150), from: .worker)
    try await follower.waitFor(Array(0..<150), from: .hub)
    for station in [hub, worker, follower] { await station.stop() }
  }

  @Test("Either side goes on from its database after a restart, with nothing twice")
  func restarts() async throws {
    let network = MemoryNetwork(weather: .init(loss: 0.1, repeats: 0.2))
    do {
      let hub = try await station(Self.hub, network)
      do {
        let worker = try await station(Self.worker, network)
        try await hub.send(0..<20, to: .worker)
        try await worker.waitFor(Array(0..<20), from: .hub)
        await worker.stop()
      }
      try await hub.send(20..<40, to: .worker)
      let worker = try await station(Self.worker, network)
      try await worker.waitFor(Array(0..<40), from: .hub)
      await worker.stop()
      try await hub.send(40..<60, to: .worker)
      await hub.stop()
    }
    let worker = try await station(Self.worker, network)
    let hub = try await station(Self.hub, network)
    try await hub.send(60..<80, to: .worker)
    try await worker.waitFor(Array(0..<80), from: .hub)
    for station in [hub, worker] { await station.stop() }
  }

  @Test("A node whose database is new starts over, and what the old one said stays applied")
  func newDatabase() async throws {
    let network = MemoryNetwork()
    let worker = try await station(Self.worker, network)
    for (life, numbers) in [0..<10, 10..<20].enumerated() {
      let hub = try await station(Self.hub, network, path: folder("hub-\(life).sqlite"))
      try await hub.send(numbers, to: .worker)
      try await worker.waitFor(Array(0..<numbers.upperBound), from: .hub)
      await hub.stop()
    }
    await worker.stop()
  }

  @Test("A node that comes back with a database that was left is not heard, and drowns nobody")
  func retiredDatabase() async throws {
    let network = MemoryNetwork()
    let worker = try await station(Self.worker, network)
    for life in [0, 1] {
      let hub = try await station(Self.hub, network, path: folder("hub-\(life).sqlite"))
      try await hub.send(0..<1, to: .worker)
      try await worker.waitFor(Array(repeating: 0, count: life + 1), from: .hub)
      await hub.stop()
    }
    let hub = try await station(Self.hub, network, path: folder("hub-0.sqlite"))
    try await hub.send(7..<8, to: .worker)
    let before = network.carried
    let time = FastTimeSource()
    let start = time.monotonic()
    // Twenty seconds of their clocks.
    try await eventually("time has passed") { time.monotonic() > start + .seconds(20) }
    #expect(network.carried - before < 1000)
    #expect(try await worker.heard(from: .hub) == [0, 0])
    for station in [hub, worker] { await station.stop() }
  }

  @Test("What is said while nobody is there, or before the bus runs, arrives when somebody is")
  func saidBefore() async throws {
    let network = MemoryNetwork()
    do {
      let database = try BusDatabase.open(folder("hub.sqlite"))
      let outbox = Outbox()
      try await database.write { transaction in
        for number in 0..<200 {
          try outbox.send(Note(number: number), to: .worker, in: transaction)
        }
      }
    }
    let hub = try await station(Self.hub, network)
    let worker = try await station(Self.worker, network)
    try await worker.waitFor(Array(0..<200), from: .hub)
    await hub.stop()
  }

  @Test("A late follower takes a snapshot, then the events after it")
  func lateFollower() async throws {
    let network = MemoryNetwork(weather: .init(loss: 0.1))
    let hub = try await station(Self.hub, network)
    // More than one part holds.
    try await hub.database.write { [outbox = hub.outbox] transaction in
      for number in 0..<1100 {
        try transaction.execute("INSERT INTO said (number) VALUES (?)", number)
        try outbox.publish(Note(number: number), in: transaction)
      }
      // The log alone could not tell it.
      _ = try MessageLog.prune(forgettingFollowersSilentSince: .distantFuture, transaction)
    }
    let follower = try await station(Self.follower, network)
    async let more: Void = hub.publish(1100..<1130)
    try await more
    try await follower.waitFor(Array(0..<1130), from: .hub)
  }

  @Test(
    "A follower that comes back after its place was pruned takes a new snapshot, without a hole")
  func prunedWhileAway() async throws {
    let network = MemoryNetwork()
    let hub = try await station(Self.hub, network)
    do {
      let follower = try await station(Self.follower, network)
      try await hub.publish(0..<10)
      try await follower.waitFor(Array(0..<10), from: .hub)
      await follower.stop()
    }
    try await hub.publish(10..<20)
    // As after seven days of silence.
    let deleted = try await hub.database.write { transaction in
      try MessageLog.prune(forgettingFollowersSilentSince: .distantFuture, transaction)
    }
    #expect(deleted.map(\.1) == [20])
    await hub.bus.pruned(deleted)
    let follower = try await station(Self.follower, network)
    try await hub.publish(20..<30)
    try await follower.waitFor(Array(0..<30), from: .hub)
  }

  @Test("A message that its handler refuses is set aside with the reason, and the rest goes on")
  func refused() async throws {
    let network = MemoryNetwork()
    let hub = try await station(Self.hub, network)
    var settings = Self.worker
    settings.onNote = { note, transaction in
      if note.number == 2 {
        try transaction.execute("INSERT INTO heard (sender, number) VALUES ('trace', 1)")
        throw MessageRefused("two is not acceptable")
      }
      // A bug of the handler.
      if note.number == 3 { try transaction.execute("INSERT INTO nowhere VALUES (1)") }
    }
    let worker = try await station(settings, network)
    try await hub.send(0..<6, to: .worker)
    try await worker.waitFor([0, 1, 4, 5], from: .hub)
    let reasons = try await worker.database.read { transaction in
      #expect(try transaction.numbers("SELECT 1 FROM heard WHERE sender = 'trace'").isEmpty)
      return try transaction.all("SELECT reason FROM bus_set_aside ORDER BY reason") {
        row throws(StorageError) in try row.text(0)
      }
    }
    #expect(reasons.count == 2)
    #expect(reasons.contains("two is not acceptable"))
    #expect(await worker.bus.status().setAside == 2)
  }

  @Test("A message of a type that nobody knows here, or that cannot be read, is set aside")
  func unknown() async throws {
    let network = MemoryNetwork()
    let hub = try await station(Self.hub, network)
    let worker = try await station(Self.worker, network)
    try await hub.database.write { [outbox = hub.outbox] transaction in
      try outbox.send(Note(number: 0), to: .worker, in: transaction)
      try outbox.send(Unheard(), to: .worker, in: transaction)
      let garbled = LogEntryRecord(
        sequence: 0, id: .random(), type: Note.type, correlation: nil, createdAt: .epoch,
        body: Array("{".utf8))
      _ = try MessageLog.append(garbled, to: .node(.worker), transaction)
      try outbox.send(Note(number: 1), to: .worker, in: transaction)
    }
    try await worker.waitFor([0, 1], from: .hub)
    #expect(await worker.bus.status().setAside == 2)
    #expect(await worker.bus.status().applied == 4)
  }

  @Test("A full disk holds messages back for as long as it lasts, and sets none of them aside")
  func diskFull() async throws {
    let network = MemoryNetwork()
    let hub = try await station(Self.hub, network)
    let tries = Mutex(0)
    let isFull = Mutex(true)
    var settings = Self.worker
    settings.onNote = { _, transaction in
      guard isFull.withLock({ $0 }) else { return }
      tries.withLock { $0 += 1 }
      // SQLite itself runs out of pages, as on a full disk, and rolls the transaction back.
      try transaction.execute("PRAGMA max_page_count = 60")
      for number in 0..<1000 {
        try transaction.execute(
          "INSERT INTO heard (sender, number) VALUES (?, ?)",
          String(repeating: "x", count: 3000), number)
      }
    }
    let worker = try await station(settings, network)
    try await hub.send(0..<5, to: .worker)
    try await eventually("it was tried often") { tries.withLock { $0 } > 6 }
    #expect(await worker.bus.status().fault?.contains("full") == true)
    #expect(await worker.bus.status().setAside == 0)
    isFull.withLock { $0 = false }
    try await worker.waitFor(Array(0..<5), from: .hub)
    #expect(await worker.bus.status().setAside == 0)
    #expect(await worker.bus.status().fault == nil)
  }

  /// The handler copies the files as they are, which is what a kill -9 at that moment leaves; the
  /// next life starts from the copy.
  @Test("A message that ends the process is set aside after three deaths", arguments: [0, 5])
  func deadly(number: Int) async throws {
    let network = MemoryNetwork()
    let hub = try await station(Self.hub, network)
    try await hub.send(0..<10, to: .worker)
    var deaths = 0
    for life in 0..<6 {
      let died = Mutex(false)
      let path = folder("life-\(life).sqlite")
      let next = folder("life-\(life + 1).sqlite")
      var settings = Self.worker
      settings.onNote = { note, _ in
        guard note.number == number else { return }
        if !died.withLock({ $0 }) {
          for suffix in ["", "-wal"] {
            try DurableFile.write(DurableFile.read(path + suffix), to: next + suffix)
          }
          died.withLock { $0 = true }
        }
        // Nothing of a process that is dead is committed.
        throw StorageError(.diskFull, "dead")
      }
      let worker = try await station(settings, network, path: path)
      let expected = (0..<10).filter { $0 != number }
      try await eventually("it died or heard the rest") {
        if died.withLock({ $0 }) { return true }
        return try await worker.heard(from: .hub) == expected
      }
      if died.withLock({ $0 }) {
        deaths += 1
        await worker.stop()
        continue
      }
      #expect(await worker.bus.status().setAside == 1)
      break
    }
    #expect(deaths == 3)
  }
}
