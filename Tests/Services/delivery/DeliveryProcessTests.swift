import Base
import Bus
import Configuration
import Glibc
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("The delivery process")
struct DeliveryProcessTests {
  /// Bytes of a 6 MB upload through the line at which the process is killed.
  static let kills = [1, 1500, 3000, 1_000_000, 5_900_000]

  @Test("killed with -9 anywhere in an upload brings the file once and resumes", arguments: kills)
  func killed(after limit: Int) async throws {
    let site = try await DeliverySite.start()
    let proxy = try ChaosProxy(to: site.server.port, fault: .stallAfterSent(limit))
    try await site.withGateway { gateway in
      let process = try await site.launch()
      try await gateway.say(site.put(port: proxy.port))
      let bytes = RemoteSite.content(6_000_000)
      let request = try site.request(bytes)
      try await gateway.say(request)
      try await eventually("the upload is at the byte") { proxy.bytesSent >= limit }
      await process.stop(.kill)
      #expect(!site.names.contains("show.mp3"))
      proxy.set(.none)
      let second = try await site.launch()
      try await eventually("it is delivered") {
        try await gateway.last(request.delivery)?.state == .delivered
      }
      #expect(site.names == ["show.mp3"])
      #expect(try site.remote("show.mp3") == bytes)
      #expect(try await gateway.last(request.delivery)?.attempts == 2)
      #expect(proxy.bytesSent < 2 * 6_000_000 + limit)
      await second.stop()
    }
  }

  @Test("killed at once after each word takes up what it was told, once")
  func killedBetween() async throws {
    let site = try await DeliverySite.start()
    try await site.withGateway { gateway in
      // Disabled, or the kills would be held against what is being sent.
      try await gateway.say(site.put(port: site.server.port, isEnabled: false))
      let requests = try (1...6).map { number in
        try site.request(
          RemoteSite.content(300_000, seed: UInt64(number)), name: "show-\(number).mp3",
          id: "delivery-\(number)")
      }
      for request in requests {
        let process = try await site.launch()
        try await gateway.say(request)
        try await eventually("it was heard of") {
          try await gateway.last(request.delivery) != nil
        }
        await process.stop(.kill)
      }
      let process = try await site.launch()
      try await gateway.say(site.put(port: site.server.port))
      for request in requests {
        try await eventually("\(request.delivery) is delivered") {
          try await gateway.last(request.delivery)?.state == .delivered
        }
      }
      #expect(site.names == (1...6).map { "show-\($0).mp3" })
      for number in 1...6 {
        let wanted = RemoteSite.content(300_000, seed: UInt64(number))
        #expect(try site.remote("show-\(number).mp3") == wanted)
      }
      await process.stop()
    }
  }

  @Test("ends in order while it uploads, and goes on at the next start")
  func drains() async throws {
    let site = try await DeliverySite.start()
    let proxy = try ChaosProxy(to: site.server.port, fault: .stallAfterSent(1_000_000))
    try await site.withGateway { gateway in
      let process = try await site.launch()
      try await gateway.say(site.put(port: proxy.port))
      let request = try site.request(RemoteSite.content(3_000_000))
      try await gateway.say(request)
      try await eventually("the upload stalls") { proxy.bytesSent >= 1_000_000 }
      let exit = await process.stop(
        StopLadder([.init(.signal(SIGTERM), grace: .seconds(20))]))
      #expect(exit.reason == .exited(0))
      proxy.set(.none)
      let second = try await site.launch()
      try await eventually("it is delivered") {
        try await gateway.last(request.delivery)?.state == .delivered
      }
      #expect(site.names == ["show.mp3"])
      await second.stop()
    }
  }
}

/// A home for `airloom-delivery`, a server to deliver to, and the gateway's end of the bus.
private struct DeliverySite {
  let folder: TemporaryFolder
  let home: Home
  let server: OpenSSHServer

  static func start() async throws -> DeliverySite {
    let folder = try TemporaryFolder()
    let home = Home(folder.path)
    try home.makeFolders()
    let identity = try await SSHIdentity.open(in: home.keys)
    try folder.file(
      "airloom.toml", "[web]\nport = 0\n[delivery]\nretry_first_s = 0.1\nretry_cap_s = 1\n")
    return DeliverySite(
      folder: folder, home: home,
      server: try await OpenSSHServer.start(authorizedKey: identity.publicKey))
  }

  func launch() async throws -> ChildProcess {
    var command = ChildCommand(
      try BuiltPrograms.path("airloom-delivery"), ["--home", folder.path])
    command.errors = .tail(limit: 64 << 10)
    let child = try await ChildProcess.start(command)
    try await eventually("the service is ready") {
      if let exit = child.ending { throw TestFailure("it \(exit): \(child.errorText)") }
      return child.errorText.contains(" ready ")
    }
    return child
  }

  func withGateway(_ body: (Gateway) async throws -> Void) async throws {
    let gateway = try await Gateway(home)
    let run = Task { try await gateway.bus.run() }
    defer { run.cancel() }
    try await body(gateway)
  }

  func put(port: UInt16, isEnabled: Bool = true) -> PutDestination {
    PutDestination(
      destination: Destination(
        id: DestinationID(unchecked: "nas"), name: "NAS", host: "127.0.0.1", port: Int(port),
        user: server.user, folder: server.folder, hostKey: server.hostFingerprint,
        isEnabled: isEnabled), mustBeNew: false)
  }

  func request(
    _ bytes: [UInt8], name: String = "show.mp3", id: String = "delivery-1"
  ) throws -> Deliver {
    let path = try folder.file("media/\(id)/\(name)", bytes)
    return Deliver(
      delivery: DeliveryID(unchecked: id), recording: JobID(unchecked: "job"),
      destination: DestinationID(unchecked: "nas"),
      file: FinishedFile(
        path: path, name: name, bytes: Int64(bytes.count),
        sha256: hexadecimal(SHA256.hash(bytes)), contentType: "audio/mpeg", durationUs: 1,
        gaps: []))
  }

  var names: [String] { TemporaryFolder.names(in: server.folder) }

  func remote(_ name: String) throws -> [UInt8] {
    try DurableFile.read("\(server.folder)/\(name)")
  }
}

/// A node that commands delivery and follows what it says.
private struct Gateway: Sendable {
  let database: Database
  let bus: BusNode
  private let outbox = Outbox()
  private let seen = Box<[DeliveryID: Delivery]>([:])
  private static let delivery = NodeID(unchecked: "delivery")

  init(_ home: Home) async throws {
    let node = NodeID(unchecked: "gateway")
    database = try Database(path: home.database(of: node), schemas: [BusSchema.schema])
    var handlers = BusHandlers()
    let seen = seen
    handlers.on(DeliveryChanged.self) { event, _, transaction in
      transaction.afterCommit {
        var all = seen.get()
        all[event.delivery.id] = event.delivery
        seen.set(all)
      }
    }
    handlers.on(DestinationChanged.self) { _, _, _ in }
    handlers.on(DeliveryIdentity.self) { _, _, _ in }
    handlers.on(CommandOutcome.self) { _, _, _ in }
    handlers.follow(Self.delivery) { _ in }
    bus = try await BusNode(
      settings: TransportSettings(
        node: node, peers: [Self.delivery: Endpoints.ipc(of: Self.delivery, in: home.bus)]),
      database: database, outbox: outbox, handlers: handlers, log: .silent)
  }

  func say(_ message: some DurableMessage) async throws {
    _ = try await database.write { try outbox.send(message, to: Self.delivery, in: $0) }
  }

  func last(_ id: DeliveryID) async throws -> Delivery? { seen.get()[id] }
}
