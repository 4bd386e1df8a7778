import Base
import Bus
import Configuration
import Messages
import Service
import Synchronization

@main
struct GatewayMain {
  static func main() {
    ServiceHost.main("gateway", hasStatusPort: false) { host in
      let settings = try GatewaySettings(host)
      let database = try host.openDatabase(schemas: GatewayService.schemas)
      let outbox = Outbox()
      let line = ControlLine()
      let loop = host.progress.register("web")
      let service = try await GatewayService(
        settings: settings, database: database, outbox: outbox, process: OwnProcess(host, loop),
        log: host.log
      ) { request, node in line.send(request, to: node) }
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: false,
        peers: [settings.scheduler, settings.delivery, settings.feeder])
      line.connect(to: bus.node)
      return [bus, WebServer(service, host, loop)]
    }
  }
}

/// Carries requests to the bus, which is made after those who ask.
private final class ControlLine: Sendable {
  private let bus = Mutex<BusNode?>(nil)

  func connect(to bus: BusNode) { self.bus.withLock { $0 = bus } }

  func send(_ request: ControlRequest, to node: NodeID) {
    bus.withLock { $0 }?.report(request, to: node)
  }
}

extension GatewaySettings {
  fileprivate init(_ host: ServiceHost) throws {
    self.init(home: host.home.path, mediaFolder: host.home.media(host.settings))
    node = host.node
    poolFolders = host.settings.recorder.pools.compactMap { entry in
      entry.firstIndex(of: "=").map { equals in
        String(entry[entry.index(after: equals)...].drop { $0 == " " })
      }
    }.filter { $0.hasPrefix("/") && $0.count > 1 }
      .map { Home($0).path }
    isBehindTLSProxy = host.settings.web.isBehindTLSProxy
    sessionIdleLimit = host.settings.web.sessionIdle
    sessionLifetime = host.settings.web.session
    adminPassword = try ChosenPassword.read(host.environment)
    firstPasswordPath = host.home.firstPassword
    tapeTokenPath = host.home.tapeToken
  }
}
