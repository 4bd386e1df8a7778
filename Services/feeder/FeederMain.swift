internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Service
internal import Storage
internal import Synchronization

@main
struct FeederMain {
  static func main() {
    ServiceHost.main("feeder") { host in
      let database = try host.openDatabase(schemas: FeederService.schemas)
      let outbox = Outbox()
      let relay = TelemetryRelay()
      let polling = host.progress.register("polling")
      let downloads = host.progress.register("downloads")
      let service = FeederService(
        settings: host.settings.feeder, folder: host.home.podcasts(host.settings),
        reserve: Int64(host.settings.media.reserveMebibytes) << 20, database: database,
        outbox: outbox, metrics: host.metrics, log: host.log,
        surroundings: FeederService.Surroundings(
          onProgress: { relay.report($0) }, onSummary: { relay.report($0) },
          afterPoll: { host.note("polling", $0, polling) },
          afterDownload: { host.note("downloads", $0, downloads) }))
      host.state.onChange { service.signals.setPaused($0 != .running) }
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: true,
        peers: [FeederBook.delivery])
      relay.connect(to: bus.node)
      return [
        bus,
        LoopComponent("polling") {
          defer { host.progress.retire(polling) }
          try await service.poller.run()
        },
        LoopComponent("downloads") {
          defer { host.progress.retire(downloads) }
          try await service.downloader.run()
        },
        LoopComponent("summary") { await service.summary.run() },
      ]
    }
  }
}

extension ServiceHost {
  fileprivate func note(_ part: String, _ fault: String?, _ source: ProgressBoard.Source) {
    source.step()
    if let fault { health.degraded(part, fault) } else { health.ok(part) }
  }
}

/// Passes telemetry on to the bus, which is made after those who report.
private final class TelemetryRelay: Sendable {
  private let node = Mutex<BusNode?>(nil)

  func connect(to node: BusNode) { self.node.withLock { $0 = node } }

  func report(_ message: some TelemetryMessage) { node.withLock { $0 }?.report(message) }
}
