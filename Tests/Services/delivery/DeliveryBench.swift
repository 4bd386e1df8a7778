import Base
import Configuration
import FoundationEssentials
import Messages
import Metrics
import Storage
import Synchronization
import TestSupport

@testable import Bus
@testable import airloom_delivery

/// A whole delivery service with a real database, a real SSH server and no network of its own: what
/// is said to it goes straight to its handlers, what it says is read from its log.
final class DeliveryBench: Sendable {
  let folder: TemporaryFolder
  let home: Home
  let server: OpenSSHServer
  let settings: Settings.Delivery
  let alerts: Settings.Alerts
  let metrics = MetricsRegistry()
  let progress = Box<[DeliveryProgress]>([])
  private let process: Mutex<Process>

  /// One life of the service.
  struct Process: Sendable {
    let database: Database
    let service: DeliveryService
    let run: Task<Void, any Error>
    let mails: Task<Void, any Error>
  }

  static let gateway = NodeID(unchecked: "gateway")
  static let nas = DestinationID(unchecked: "nas")

  static func start(
    settings: Settings.Delivery = DeliveryBench.quick,
    alerts: Settings.Alerts = Settings().alerts
  ) async throws -> DeliveryBench {
    let folder = try TemporaryFolder()
    let home = Home(folder.path)
    try home.makeFolders()
    let identity = try await SSHIdentity.open(in: home.keys)
    let server = try await OpenSSHServer.start(authorizedKey: identity.publicKey)
    return try DeliveryBench(
      folder: folder, home: home, server: server, settings: settings, alerts: alerts)
  }

  /// Waits of tens of milliseconds, so that tests need not wait long.
  static var quick: Settings.Delivery {
    var settings = Settings().delivery
    settings.retryFirst = .milliseconds(20)
    settings.retryCap = .milliseconds(100)
    settings.timeout = .seconds(10)
    return settings
  }

  private init(
    folder: TemporaryFolder, home: Home, server: OpenSSHServer, settings: Settings.Delivery,
    alerts: Settings.Alerts
  ) throws {
    self.folder = folder
    self.home = home
    self.server = server
    self.settings = settings
    self.alerts = alerts
    process = Mutex(
      try DeliveryBench.life(
        of: folder("delivery.sqlite"), home, settings, alerts, metrics, progress))
  }

  deinit {
    process.withLock { process in
      process.run.cancel()
      process.mails.cancel()
    }
  }

  private static func life(
    of path: String, _ home: Home, _ settings: Settings.Delivery, _ alerts: Settings.Alerts,
    _ metrics: MetricsRegistry, _ progress: Box<[DeliveryProgress]>
  ) throws -> Process {
    let database = try Database(path: path, schemas: DeliveryService.schemas)
    let service = DeliveryService(
      node: NodeID(unchecked: "delivery"), home: home, settings: settings, alerts: alerts,
      database: database, outbox: Outbox(), metrics: metrics, log: .silent,
      surroundings: DeliveryDispatcher.Surroundings(
        onProgress: { report in progress.set(progress.get() + [report]) }))
    return Process(
      database: database, service: service, run: Task { try await service.dispatcher.run() },
      mails: Task { try await service.mails.run() })
  }

  /// What kill -9 leaves: another life begins with the database as it is in this instant, and this
  /// one, cut off, changes nothing of it.
  func crash() async throws {
    let old = process.withLock { $0 }
    let copy = folder("after-\(hexadecimal(randomBytes(4))).sqlite")
    try await old.database.backup(to: copy)
    old.service.signals.stopAll()
    old.run.cancel()
    old.mails.cancel()
    let new = try DeliveryBench.life(of: copy, home, settings, alerts, metrics, progress)
    process.withLock { $0 = new }
  }

  /// An orderly end and a new beginning.
  func restart() async throws {
    let old = process.withLock { $0 }
    old.run.cancel()
    old.mails.cancel()
    _ = try await old.run.value
    _ = try await old.mails.value
    let copy = folder("after-\(hexadecimal(randomBytes(4))).sqlite")
    try await old.database.backup(to: copy)
    let new = try DeliveryBench.life(of: copy, home, settings, alerts, metrics, progress)
    process.withLock { $0 = new }
  }

  var database: Database { process.withLock { $0.database } }
  var service: DeliveryService { process.withLock { $0.service } }

  // MARK: Saying something to it

  /// Says it and waits for the outcome.
  func command(
    _ body: some CommandMessage, id: MessageID = .random()
  ) async throws -> CommandOutcome {
    try await say(body, id: id)
    return try await eventually("the outcome of \(type(of: body).type)", within: .seconds(120)) {
      try await self.said(CommandOutcome.self).last { $0.command == id }
    }
  }

  func say<Body: DurableMessage>(_ body: Body, id: MessageID = .random()) async throws {
    let apply = try unwrap(service.handlers.durable[Body.type])
    let bytes = try Array(JSONEncoder().encode(body))
    let received = Received(
      id: id, from: Self.gateway, correlation: nil, createdAt: SystemTimeSource().now())
    try await database.write { try apply(bytes, received, $0) }
  }

  /// The destination that is this bench's server, unless said otherwise.
  func destination(
    _ id: DestinationID = DeliveryBench.nas, port: UInt16? = nil, hostKey: String? = nil
  ) -> Destination {
    Destination(
      id: id, name: "NAS", host: "127.0.0.1", port: Int(port ?? server.port), user: server.user,
      folder: server.folder, hostKey: hostKey ?? server.hostFingerprint)
  }

  func put(_ destination: Destination) async throws {
    let outcome = try await command(PutDestination(destination: destination, mustBeNew: false))
    if outcome.refusal != nil { throw TestFailure("refused: \(outcome.text ?? "")") }
  }

  /// Writes a file and asks for its delivery.
  @discardableResult
  func deliver(
    _ bytes: [UInt8], as name: String = "show.mp3", id: String = "delivery-1",
    to destination: DestinationID = DeliveryBench.nas
  ) async throws -> DeliveryID {
    let request = try deliverRequest(bytes, as: name, id: id, to: destination)
    try await say(request)
    return request.delivery
  }

  func deliverRequest(
    _ bytes: [UInt8], as name: String = "show.mp3", id: String = "delivery-1",
    to destination: DestinationID = DeliveryBench.nas
  ) throws -> Deliver {
    let path = try folder.file("media/\(id)/\(name)", bytes)
    return Deliver(
      delivery: try unwrap(DeliveryID(id)), recording: JobID(unchecked: "job-\(id)"),
      destination: destination,
      file: FinishedFile(
        path: path, name: name, bytes: Int64(bytes.count),
        sha256: hexadecimal(SHA256.hash(bytes)), contentType: "audio/mpeg", durationUs: 1,
        gaps: []))
  }

  // MARK: What it said and keeps

  /// Everything of a type that it has said to those who follow it, or to one node.
  func said<Body: DurableMessage>(
    _ type: Body.Type, to channel: String = "*"
  ) async throws -> [Body] {
    let rows = try await database.read { transaction in
      try transaction.all(
        "SELECT body FROM bus_log WHERE type = ? AND channel = ? ORDER BY sequence", type.type,
        channel
      ) { row throws(StorageError) in try row.blob(0) }
    }
    return try rows.map { try JSONDecoder().decode(Body.self, from: Data($0)) }
  }

  func row(_ id: DeliveryID) async throws -> DeliveryRow {
    try unwrap(try await database.read { try DeliveryCatalog.find(id, $0) })
  }

  func health(_ id: DestinationID = DeliveryBench.nas) async throws -> DestinationRow {
    try unwrap(try await database.read { try DestinationCatalog.find(id, $0) })
  }

  /// Waits for the state and answers with the row.
  @discardableResult
  func until(_ id: DeliveryID, is state: DeliveryState) async throws -> DeliveryRow {
    try await eventually("\(id) is \(state)", within: .seconds(120)) {
      let row = try await self.row(id)
      return row.standing.state == state ? row : nil
    }
  }

  /// Everything at the far end, hidden files included.
  var names: [String] { TemporaryFolder.names(in: server.folder) }

  func remote(_ name: String) throws -> [UInt8] {
    try DurableFile.read("\(server.folder)/\(name)")
  }
}
