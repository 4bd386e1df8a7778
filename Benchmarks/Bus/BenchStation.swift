internal import Base
internal import Bus
internal import Storage

/// A node of the bus as a service has one: its database (WAL, synchronous=FULL), its outbox, its
/// place on the bus over ipc.
struct BenchStation {
  static let sender = NodeID(unchecked: "sender")
  static let receiver = NodeID(unchecked: "receiver")

  let database: Database
  let outbox: Outbox
  private let node: BusNode
  private let log: Logger

  /// The receiver binds, the sender dials it, as the gateway dials the scheduler.
  init(_ node: NodeID, folder: String, handlers: BusHandlers) async throws {
    log = Logger.standardError(level: .warning).with(("node", node))
    let endpoints = Endpoints.ipc(of: Self.receiver, in: folder)
    let isReceiver = node == Self.receiver
    database = try Self.openDatabase("\(folder)/\(node).sqlite")
    outbox = Outbox()
    self.node = try await BusNode(
      settings: TransportSettings(
        node: node, bind: isReceiver ? endpoints : nil,
        peers: isReceiver ? [:] : [Self.receiver: endpoints]),
      database: database, outbox: outbox, handlers: handlers, log: log)
  }

  static func openDatabase(_ path: String) throws -> Database {
    try Database(path: path, schemas: [BusSchema.schema, MessageCatalog.schema])
  }

  /// Works until the task is cancelled.
  func run() async throws { try await node.run() }
}

/// The clock of the measurements: CLOCK_MONOTONIC in nanoseconds, one for all processes of a host.
func nanosecondsNow() -> Int64 { SystemTimeSource().monotonic().nanoseconds }
