import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/status`, `/nodes`, `/commands`, `/events`, and `/healthz`.
struct SystemRoutes {
  private struct Status: Encodable {
    let time: Instant
    let recordings: [String: Int]
    let deliveries: [String: Int]
    let conversions: [String: Int]
    let feeds: FeedTotals
    let episodes: [String: Int]
    let alerts: Alerts
    let onAir: [Recording]
    let next: [Recording]
    let nodes: [NodeBoard.Node]
  }

  private struct Alerts: Encodable {
    /// What they tell of lasts.
    let open: Int
    /// Mails that could not be sent.
    let unmailed: Int
  }

  private struct Nodes: Encodable {
    let nodes: [NodeBoard.Node]
  }

  private struct Control: Decodable {
    let command: ControlCommand
  }

  private struct Command: Encodable {
    let id: MessageID
    let summary: String
    let sentAt: Instant
    let outcome: CommandOutcome?
  }

  private struct Hello: Encodable {
    let time: Instant
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.addOpen("GET", "/healthz") { health($0) }
    router.addOpen("GET", "/metrics") { request in
      guard isFromThisMachine(request) else { throw Problem.notFound }
      return .text(services.process.metrics(), contentType: services.process.metricsContentType)
    }
    router.add("GET", "/api/v1/status") { _, _ in try await status() }
    router.add("GET", "/api/v1/nodes") { _, _ in try .json(Nodes(nodes: services.nodes.all)) }
    router.add("POST", "/api/v1/nodes/{id}/control") { request, _ in try await control(request) }
    router.add("GET", "/api/v1/commands/{id}") { request, _ in try await command(request) }
    router.add("GET", "/api/v1/events") { _, _ in
      let hello = try StoredJSON.encode(Hello(time: services.time.now()))
      return try services.feed.hub.subscribe(first: EventHub.format(event: "hello", data: hello))
    }
  }

  /// Strangers learn whether the gateway is up; what is wrong is for whoever is on the machine.
  private func health(_ request: Request) -> Response {
    let (isWell, report) = services.process.health()
    let status = isWell ? 200 : 503
    if isFromThisMachine(request) { return .json(report, status: status) }
    return .json(Array("{\"status\":\"\(isWell ? "ok" : "failed")\"}".utf8), status: status)
  }

  /// Not for what a proxy on this machine passes on.
  private func isFromThisMachine(_ request: Request) -> Bool {
    ["127.0.0.1", "::1", "::ffff:127.0.0.1"].contains(request.peer)
      && request.header("X-Forwarded-For") == nil && request.header("Forwarded") == nil
      && !services.settings.isBehindTLSProxy
  }

  private func status() async throws -> Response {
    let now = services.time.now()
    let onAir = RecordingCatalog.Filter(
      states: [.recording, .finishing], newestFirst: false, limit: 200)
    let next = RecordingCatalog.Filter(
      states: [.planned, .assigned], from: now - .seconds(60), newestFirst: false, limit: 20)
    let nodes = services.nodes.all
    return try .json(
      try await services.database.read { transaction in
        let alerts = try AlertCatalog.counts(transaction)
        return Status(
          time: now, recordings: try RecordingCatalog.counts(transaction),
          deliveries: try DeliveryCatalog.counts(transaction),
          conversions: try ConversionCatalog.counts(transaction),
          feeds: try FeedCatalog.totals(transaction),
          episodes: try EpisodeCatalog.counts(transaction),
          alerts: Alerts(open: alerts.open, unmailed: alerts.unmailed),
          onAir: try RecordingCatalog.select(onAir, transaction),
          next: try RecordingCatalog.select(next, transaction), nodes: nodes)
      })
  }

  private func control(_ request: Request) async throws -> Response {
    let node: NodeID = try request.identifier()
    let input: Control = try request.decoded()
    guard services.nodes.all.contains(where: { $0.heartbeat.node == node }) else {
      throw Problem.notFound
    }
    if node == services.settings.node { return .json(services.process.answer(input.command)) }
    guard let body = await services.controls.ask(node, input.command) else {
      throw Problem(
        504, "silent", "\(node) did not answer in time; see whether it is running.")
    }
    return .json(Array(body.utf8))
  }

  private func command(_ request: Request) async throws -> Response {
    let id: MessageID = try request.identifier()
    guard let found = try await services.database.read({ try CommandCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return try .json(
      Command(id: id, summary: found.summary, sentAt: found.sentAt, outcome: found.outcome))
  }
}
