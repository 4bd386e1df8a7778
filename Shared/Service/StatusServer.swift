internal import Base
internal import Configuration
internal import Glibc
public import HTTPServer
internal import Messages
internal import Metrics
internal import Synchronization

/// Answers GET /healthz and /metrics (and what a service adds) over TCP, and with POST /control/<command> on the unix socket
/// in the home folder, which only its owner can open.
///
/// A TCP port that is taken never stops a service: it takes a free one, warns, and
/// `run/<node>.port` says which.
final class StatusServer: ServiceComponent {
  /// What a service answers here beside its status.
  struct Extra {
    /// Called when the server is made.
    var add: (@Sendable (inout Router) -> Void)?
    var connectionLimit = 50
    var threads = 1
  }

  let name = "status"
  private let host: ServiceHost
  private let wantsTCP: Bool
  private let servers = Mutex<[Server]>([])

  init(_ host: ServiceHost, wantsTCP: Bool) {
    self.host = host
    self.wantsTCP = wantsTCP
  }

  func start() async throws {
    let control = router(withControl: true)
    let socket = try Server(configuration(.unix(path: host.home.controlSocket(of: host.node)))) {
      await control.respond(to: $0)
    }
    servers.withLock { $0.append(socket) }
    guard wantsTCP else { return }
    var status = router(withControl: false)
    host.extraRoutes.withLock { $0.add }?(&status)
    let handler: Server.Handler = { [status, log = host.log] request in
      await status.respond(to: request) { error in
        log.error("a request failed", ("path", request.path), ("error", "\(error)"))
      }
    }
    let server = try openWanted(handler)
    servers.withLock { $0.append(server) }
    host.publishPort(of: server)
  }

  func run() async throws {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    for server in servers.withLock({ $0 }) { await server.stop() }
    // Also that of a service with a server of its own, which has ended before this component.
    host.forgetPort()
  }

  private func openWanted(_ handler: @escaping Server.Handler) throws(ServerError) -> Server {
    do {
      return try open(port: host.statusPort, handler)
    } catch {
      guard error.kind == .addressInUse else { throw error }
    }
    let server = try open(port: 0, handler)
    host.log.warning(
      "the status port is taken by another process; using a free one",
      ("wanted", host.statusPort), ("port", server.port ?? 0))
    return server
  }

  private func open(port: UInt16, _ handler: @escaping Server.Handler) throws(ServerError) -> Server
  {
    var configuration = configuration(
      .tcp(host: host.settings.service.statusAddress, port: port))
    let extra = host.extraRoutes.withLock { $0 }
    configuration.connectionLimit = extra.connectionLimit
    configuration.threads = extra.threads
    return try Server(configuration, handler: handler)
  }

  private func configuration(_ address: ServerAddress) -> Server.Configuration {
    var configuration = Server.Configuration(address)
    configuration.connectionLimit = 50
    configuration.largestBody = 64 << 10
    configuration.grace = .seconds(1)
    return configuration
  }

  private func router(withControl: Bool) -> Router {
    var router = Router()
    host.addStatusRoutes(to: &router)
    if withControl {
      router.add("POST", "/control/{command}") { [desk = host.desk] request in
        let name = request.parameter("command")
        guard let command = ControlCommand(rawValue: name) else {
          let names = ControlCommand.allCases.map(\.rawValue).joined(separator: ", ")
          throw Problem(404, "unknown_command", "There is no command '\(name)', only \(names).")
        }
        return .json(desk.answer(command))
      }
    }
    return router
  }
}

extension ServiceHost {
  /// Also answers these routes at the status address, over TCP alone. To be called once, while the
  /// components are made. `connections` is how many may be open there at once, `threads` how many
  /// of libmicrohttpd's share them; handlers run on neither.
  public func serve(
    connections: Int, threads: Int, _ add: @escaping @Sendable (inout Router) -> Void
  ) {
    extraRoutes.withLock { extra in
      extra = StatusServer.Extra(add: add, connectionLimit: connections, threads: threads)
    }
  }

  /// GET /healthz and GET /metrics, for a service that has a server of its own.
  public func addStatusRoutes(to router: inout Router) {
    router.add("GET", "/healthz") { [desk] _ in
      let report = desk.healthReport
      return .json(desk.healthJSON, status: report.status == .failed ? 503 : 200)
    }
    router.add("GET", "/metrics") { [metrics] _ in
      .text(metrics.text, contentType: MetricsRegistry.contentType)
    }
  }

  /// Tells heartbeats and `run/<node>.port` where a TCP server of this service listens.
  public func publishPort(of server: Server) {
    let announced = AnnouncedAddress.of(
      server.address, wanted: settings.service.announceAddress, own: AnnouncedAddress.own)
    desk.listens(at: "\(server.address)", announced: "\(announced)")
    guard let port = server.port else { return }
    do {
      try DurableFile.write(Array("\(port)\n".utf8), to: home.portFile(of: node))
    } catch {
      log.warning("the port file cannot be written", ("reason", error))
    }
  }

  func forgetPort() {
    desk.listens(at: nil)
    unlink(home.portFile(of: node))
  }
}
