import Base
import Bus
import HTTPClient
import HTTPServer
import Messages
import Storage
import TestSupport

@testable import airloom_gateway

/// A gateway on a free port with a database of its own; other services are played by the test.
final class TestGateway: Sendable {
  static let password = "correct horse"

  let folder: TemporaryFolder
  let database: Database
  let service: GatewayService
  let server: Server
  let client = HTTPClient()
  let model: ReadModel

  init(
    adjust: (inout GatewaySettings) -> Void = { _ in }, time: any TimeSource = SystemTimeSource()
  ) async throws {
    folder = try TemporaryFolder()
    var settings = GatewaySettings(home: folder.path)
    settings.adminPassword = TestGateway.password
    settings.commandPatience = .milliseconds(300)
    adjust(&settings)
    database = try Database(
      path: folder("gateway.sqlite"), schemas: GatewayService.schemas)
    service = try await GatewayService(
      settings: settings, database: database, outbox: Outbox(), process: .sample, time: time,
      log: .silent
    ) { _, _ in }
    server = try service.makeServer(.tcp(host: "127.0.0.1", port: 0))
    model = ReadModel(
      settings: settings, feed: service.services.feed, desk: service.services.desk)
  }

  var origin: String { "http://127.0.0.1:\(server.port ?? 0)" }

  /// Sends as a script would: any status is an answer.
  func send(
    _ method: String, _ path: String, _ json: String? = nil, headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    try await send(
      method, path, body: json.map { Array($0.utf8) }, contentType: "application/json",
      headers: headers)
  }

  func send(
    _ method: String, _ path: String, body: [UInt8]?, contentType: String,
    headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    var request = HTTPRequest(method, origin + path)
    request.acceptsAnyStatus = true
    request.redirectLimit = 0
    if let body {
      request.body = body
      request.headers.append("Content-Type", contentType)
    }
    for (name, value) in headers { request.headers.append(name, value) }
    return try await client.request(request)
  }

  /// The cookie of a new session, as `name=value`.
  func logIn(password: String = TestGateway.password) async throws -> String {
    let response = try await send(
      "POST", "/api/v1/session", #"{"name":"admin","password":"\#(password)"}"#)
    guard response.status == 200, let cookie = response.headers["Set-Cookie"] else {
      throw TestFailure("the login was answered \(response.status): \(response.text)")
    }
    return String(cookie.prefix { $0 != ";" })
  }

  /// Somebody who is logged in, in a browser.
  func browser() async throws -> Browser { Browser(gateway: self, cookie: try await logIn()) }

  /// Applies an event as the bus would.
  func hear(_ body: @escaping @Sendable (ReadModel, Transaction) throws -> Void) async throws {
    try await database.write { [model] in try body(model, $0) }
  }

  /// The newest message that waits for a node, with its id.
  func newest(to node: String) async throws -> (id: MessageID, type: String, body: String)? {
    try await database.read { transaction in
      try transaction.first(
        "SELECT id, type, body FROM bus_log WHERE channel = ? ORDER BY sequence DESC", node
      ) { (row: borrowing Row) throws(StorageError) in
        (
          try row.identifier(0, as: MessageID.self), try row.text(1),
          String(decoding: try row.blob(2), as: UTF8.self)
        )
      }
    }
  }

  /// Everything that waits for a node, the oldest first.
  func asked(of node: String) async throws -> [(id: MessageID, type: String, body: String)] {
    try await database.read { transaction in
      try transaction.all(
        "SELECT id, type, body FROM bus_log WHERE channel = ? ORDER BY sequence", node
      ) { (row: borrowing Row) throws(StorageError) in
        (
          try row.identifier(0, as: MessageID.self), try row.text(1),
          String(decoding: try row.blob(2), as: UTF8.self)
        )
      }
    }
  }

  /// Answers the command to a node that comes after `before`, as that node would; returns what was
  /// asked.
  func answer(
    to node: String, after before: MessageID? = nil, refusal: CommandOutcome.Refusal? = nil,
    field: String? = nil, text: String? = nil
  ) async throws -> (type: String, body: String) {
    let command = try await eventually("a command for \(node)") {
      let command = try await newest(to: node)
      return command?.id == before ? nil : command
    }
    let outcome = CommandOutcome(
      command: command.id, refusal: refusal, field: field, text: text)
    try await database.write { [desk = service.services.desk] in try desk.settle(outcome, $0) }
    return (command.type, command.body)
  }

  func stop() async { await server.stop() }
}

/// Sends what a page of the gateway would.
struct Browser {
  let gateway: TestGateway
  let cookie: String

  func send(
    _ method: String, _ path: String, _ json: String? = nil, headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    try await gateway.send(
      method, path, json,
      headers: [("Cookie", cookie), ("Origin", gateway.origin)] + headers)
  }
}

extension OwnProcess {
  static let sample = OwnProcess(
    health: { (true, Array(#"{"status":"ok","components":{}}"#.utf8)) }, metrics: { "up 1\n" },
    metricsContentType: "text/plain", answer: { Array(#"{"did":"\#($0.rawValue)"}"#.utf8) },
    heartbeat: {
      Heartbeat(
        node: NodeID(unchecked: "gateway"), service: "gateway", version: "1", state: .running,
        startedAt: .epoch, progress: 0, residentBytes: 0)
    }, step: {})
}

extension HTTPResponse {
  var text: String { String(decoding: body, as: UTF8.self) }
}
