import Base
import Configuration
import HTTPServer
import Messages
import Metrics
import Service
import Synchronization

/// The TCP server for the pages and the REST interface, as a component of the process.
///
/// A port that is taken does not stop the gateway: it takes a free one, warns, and
/// `run/gateway.port` says which.
final class WebServer: ServiceComponent {
  let name = "web"
  private let service: GatewayService
  private let host: ServiceHost
  private let loop: ProgressBoard.Source
  private let server = Mutex<Server?>(nil)

  /// `loop` is the one that the service's process steps.
  init(_ service: GatewayService, _ host: ServiceHost, _ loop: ProgressBoard.Source) {
    self.service = service
    self.host = host
    self.loop = loop
  }

  func start() async throws {
    let server = try open()
    self.server.withLock { $0 = server }
    host.publishPort(of: server)
    host.log.info("the page is ready", ("url", "http://\(server.address)/"))
  }

  func run() async throws {
    guard let server = server.withLock({ $0 }) else { return }
    defer { host.progress.retire(loop) }
    await service.run(on: server)
  }

  private func open() throws(ServerError) -> Server {
    let web = host.settings.web
    let wanted = UInt16(exactly: web.port) ?? 0
    do {
      return try service.makeServer(.tcp(host: web.address, port: wanted))
    } catch {
      guard error.kind == .addressInUse, wanted != 0 else { throw error }
    }
    let server = try service.makeServer(.tcp(host: web.address, port: 0))
    host.log.warning(
      "the page's port is taken by another process; using a free one", ("wanted", wanted),
      ("port", server.port ?? 0))
    return server
  }
}

extension OwnProcess {
  init(_ host: ServiceHost, _ loop: ProgressBoard.Source) {
    health = { [desk = host.desk] in
      (desk.healthReport.status != .failed, desk.healthJSON)
    }
    metrics = { [metrics = host.metrics] in metrics.text }
    metricsContentType = MetricsRegistry.contentType
    answer = { [desk = host.desk] in desk.answer($0) }
    heartbeat = { [desk = host.desk] in desk.heartbeat() }
    step = { loop.step() }
  }
}
