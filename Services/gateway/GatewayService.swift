import Base
import Bus
import HTTPServer
import Messages
import Storage

/// The gateway: its parts, and who is told of what.
struct GatewayService: Sendable {
  /// The tables that its database must have.
  static let schemas = [BusSchema.schema, GatewaySchema.schema, StreamingSchema.schema]

  let services: GatewayServices
  let handlers: BusHandlers
  let router: GuardedRouter

  /// `ask` sends a request to a node; the bus does not exist yet when this is made.
  init(
    settings: GatewaySettings, database: Database, outbox: Outbox, process: OwnProcess,
    time: any TimeSource = SystemTimeSource(), log: Logger,
    ask: @escaping @Sendable (ControlRequest, NodeID) -> Void
  ) async throws {
    let feed = LiveFeed()
    let desk = CommandDesk(
      database: database, outbox: outbox, patience: settings.commandPatience, time: time)
    let nodes = NodeBoard(feed: feed, time: time)
    let services = GatewayServices(
      settings: settings, database: database,
      accounts: try await Accounts(settings: settings, database: database, time: time),
      desk: desk, controls: ControlDesk(send: ask), nodes: nodes, process: process,
      streaming: StreamingService(
        settings: settings, database: database, nodes: nodes, time: time, log: log),
      artwork: ArtworkStore(folder: settings.artworkFolder), feed: feed, time: time, log: log)
    self.services = services
    handlers = GatewayService.handlers(services)
    router = GatewayService.router(services)
    try await services.accounts.prepareFirstAdministrator(log: log)
  }

  /// Serves until the task is cancelled.
  func run(on server: Server) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await services.feed.hub.run() }
      group.addTask {
        while !Task.isCancelled {
          // The bus does not bring us our own.
          services.nodes.note(services.process.heartbeat(), offset: .zero)
          services.nodes.review()
          services.process.step()
          try? await Task.sleep(for: .seconds(1))
        }
      }
      await group.waitForAll()
    }
    await server.stop()
  }

  func makeServer(_ address: ServerAddress) throws(ServerError) -> Server {
    var configuration = Server.Configuration(address)
    configuration.threads = 2
    // The same document in JSON, every quote and slash of it escaped.
    configuration.largerBodies = [
      OPMLRoutes.importPath: 2 * OPMLRoutes.largestDocument,
      ArtworkRoutes.path: ArtworkStore.largestUpload + 1,
    ]
    // Strangers do not get to fill our memory.
    configuration.admit = router.refusal
    let headers = SecurityHeaders(isBehindTLSProxy: services.settings.isBehindTLSProxy)
    return try Server(configuration, finish: { headers.add(to: &$1) }, handler: respond)
  }

  @Sendable func respond(to request: Request) async -> Response {
    let response = await router.router.respond(to: request) { [log = services.log] error in
      log.error("a request failed", ("path", request.path), ("reason", "\(error)"))
    }
    // A browser that opens the page is led to the login rather than shown an error.
    if response.status == 401, request.path == "/" { return .redirect(to: "/login") }
    return response
  }

  private static func handlers(_ services: GatewayServices) -> BusHandlers {
    var handlers = BusHandlers()
    ReadModel(settings: services.settings, feed: services.feed, desk: services.desk)
      .register(in: &handlers)
    handlers.onTelemetry(Heartbeat.self) { [nodes = services.nodes] heartbeat, heard in
      nodes.note(heartbeat, offset: heard.apparentOffset)
    }
    handlers.onTelemetry(ControlReply.self) { [controls = services.controls] reply, _ in
      controls.settle(reply)
    }
    return handlers
  }

  private static func router(_ services: GatewayServices) -> GuardedRouter {
    var router = GuardedRouter(accounts: services.accounts)
    PageRoutes().add(to: &router)
    AccountRoutes(services: services).add(to: &router)
    StreamRoutes(services: services).add(to: &router)
    TapeRoutes(streaming: services.streaming).add(to: &router)
    AsRunRoutes(streaming: services.streaming).add(to: &router)
    ArtworkRoutes(services: services).add(to: &router)
    StreamingRoutes(streaming: services.streaming).add(to: &router)
    ScheduleRoutes(services: services).add(to: &router)
    PlanningRoutes(services: services).add(to: &router)
    StreamTestRoutes(services: services).add(to: &router)
    KeepRoutes(services: services).add(to: &router)
    LockRoutes(services: services).add(to: &router)
    HolidayRoutes(services: services).add(to: &router)
    RecordingRoutes(services: services).add(to: &router)
    DestinationRoutes(services: services).add(to: &router)
    DeliveryRoutes(services: services).add(to: &router)
    ConversionRoutes(services: services).add(to: &router)
    FeedRoutes(services: services).add(to: &router)
    OPMLRoutes(services: services).add(to: &router)
    EpisodeRoutes(services: services).add(to: &router)
    AlertRoutes(services: services).add(to: &router)
    SystemRoutes(services: services).add(to: &router)
    return router
  }
}
