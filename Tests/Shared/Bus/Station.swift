import Base
import Messages
import Storage
import Synchronization
import TestSupport

@testable import Bus

/// Clocks that run forty times as fast, so that waiting for a resend takes no time.
struct FastTimeSource: TimeSource {
  private static let factor: Int64 = 40
  private let start = SystemTimeSource().now()
  private let startMonotonic = SystemTimeSource().monotonic()

  private var elapsed: Duration {
    (SystemTimeSource().monotonic() - startMonotonic) * Int(Self.factor)
  }

  func now() -> Instant { start + elapsed }
  func monotonic() -> Monotonic { startMonotonic + elapsed }
}

/// One node of a test with its database: it writes down each `Note` that it hears.
final class Station: Sendable {
  struct Settings: Sendable {
    var node: NodeID
    var isHub = false
    var peers: [NodeID] = []
    var follows: [NodeID] = []
    /// Called inside the handler, before the effect.
    var onNote: @Sendable (Note, Transaction) throws -> Void = { _, _ in }
  }

  let settings: Settings
  let network: MemoryNetwork
  let database: Database
  let outbox: Outbox
  let bus: BusNode
  let pulses: Pulses
  private let work: Task<Void, any Error>

  final class Pulses: Sendable {
    private let all = Mutex<[(NodeID, Int)]>([])
    var list: [String] { all.withLock { $0.map { "\($0.0) \($0.1)" } } }
    func add(_ from: NodeID, _ pulse: Pulse) { all.withLock { $0.append((from, pulse.number)) } }
  }

  init(_ settings: Settings, path: String, network: MemoryNetwork) async throws {
    self.settings = settings
    self.network = network
    database = try BusDatabase.open(path)
    let time = FastTimeSource()
    outbox = Outbox(time: time)
    pulses = Pulses()
    let endpoints = { (node: NodeID) in Endpoints.ipc(of: node, in: "/nowhere") }
    let transport = TransportSettings(
      node: settings.node, bind: settings.isHub ? endpoints(settings.node) : nil,
      peers: Dictionary(uniqueKeysWithValues: settings.peers.map { ($0, endpoints($0)) }))
    bus = try await BusNode(
      settings: transport, database: database, outbox: outbox,
      handlers: Station.handlers(settings, pulses), transport: network.transport(transport),
      log: .silent, time: time)
    let bus = bus
    work = Task { try await bus.run() }
  }

  private static func handlers(_ settings: Settings, _ pulses: Pulses) -> BusHandlers {
    var handlers = BusHandlers()
    handlers.on(Note.self) { note, received, transaction in
      try settings.onNote(note, transaction)
      try transaction.execute(
        "INSERT INTO heard (sender, number) VALUES (?, ?)", received.from, note.number)
    }
    handlers.onTelemetry(Pulse.self) { pulse, heard in pulses.add(heard.from, pulse) }
    for producer in settings.follows {
      handlers.follow(producer) { transaction in
        try transaction.execute("DELETE FROM heard WHERE sender = ?", producer)
      }
    }
    handlers.provideSnapshot { transaction in
      try transaction.numbers("SELECT number FROM said ORDER BY number").map { Note(number: $0) }
    }
    return handlers
  }

  /// Ends the node between two jobs; what its tasks still hold is let go soon after.
  func stop() async {
    work.cancel()
    _ = await work.result
  }

  func send(_ numbers: Range<Int>, to node: NodeID) async throws {
    for number in numbers {
      _ = try await database.write { [outbox] transaction in
        try outbox.send(Note(number: number), to: node, in: transaction)
      }
    }
  }

  func publish(_ numbers: Range<Int>) async throws {
    for number in numbers {
      _ = try await database.write { [outbox] transaction in
        try transaction.execute("INSERT INTO said (number) VALUES (?)", number)
        try outbox.publish(Note(number: number), in: transaction)
      }
    }
  }

  /// What took effect, in the order in which it did.
  func heard(from node: NodeID) async throws -> [Int] {
    try await database.read { transaction in
      try transaction.numbers("SELECT number FROM heard WHERE sender = ? ORDER BY place", node)
    }
  }

  func waitFor(_ numbers: [Int], from node: NodeID) async throws {
    var last: [Int] = []
    do {
      try await eventually("\(settings.node) has heard all", within: .seconds(15)) {
        last = try await heard(from: node)
        return last.count >= numbers.count
      }
    } catch {
      throw TestFailure("\(settings.node) heard of \(node): \(last)")
    }
    guard last == numbers else { throw TestFailure("\(settings.node) heard of \(node): \(last)") }
  }
}
