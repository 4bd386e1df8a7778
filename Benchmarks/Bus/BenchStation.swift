internal import Base
internal import Bus
internal import Storage

/// A node of the bus as a service has one: its database (WAL, synchronous=FULL), its outbox, its
/// place on the bus over ipc.
struct BenchStation {
  static let sender = NodeID(unchecked: "sender")
  static let receiver = NodeID(unchecked: "receiver")

  /// What a message does at its receiver, and what the sender's change is: one row each.
  private static let schema = (
    name: "bench",
    migrations: [
      Migration(
        "one row for each message",
        """
        CREATE TABLE bench_rows (
          run INTEGER NOT NULL,     -- which measurement
          number INTEGER NOT NULL,  -- which message of it
          body TEXT NOT NULL,
          PRIMARY KEY (run, number)
        ) STRICT, WITHOUT ROWID;
        """)
    ]
  )

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
    try Database(path: path, schemas: [BusSchema.schema, schema])
  }

  static func store(_ message: BenchMessage, _ transaction: Transaction) throws(StorageError) {
    try transaction.execute(
      "INSERT INTO bench_rows (run, number, body) VALUES (?, ?, ?)", message.run, message.number,
      message.padding)
  }

  /// Works until the task is cancelled.
  func run() async throws { try await node.run() }
}

/// The clock of the measurements: CLOCK_MONOTONIC in nanoseconds, one for all processes of a host.
func nanosecondsNow() -> Int64 { SystemTimeSource().monotonic().nanoseconds }
