internal import Base
internal import Bus
internal import Configuration
internal import Messages
internal import Service
internal import Storage

@main
struct DeliveryMain {
  static func main() {
    ServiceHost.main("delivery") { host in
      let database = try host.openDatabase(schemas: DeliveryService.schemas)
      let outbox = Outbox()
      let relay = ProgressRelay()
      let loop = host.progress.register("dispatcher")
      let service = DeliveryService(
        node: host.node, home: host.home, settings: host.settings.delivery,
        alerts: host.settings.alerts, database: database, outbox: outbox,
        environment: host.environment, metrics: host.metrics, log: host.log,
        surroundings: DeliveryDispatcher.Surroundings(
          onProgress: { relay.report($0) },
          afterStep: { fault in
            loop.step()
            if let fault {
              host.health.degraded("deliveries", fault)
            } else {
              host.health.ok("deliveries")
            }
          }),
        afterMails: { fault in
          if let fault { host.health.degraded("mails", fault) } else { host.health.ok("mails") }
        })
      host.state.onChange { service.signals.setPaused($0 != .running) }
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: true, peers: [])
      relay.connect(to: bus.node)
      return [
        bus,
        LoopComponent("dispatcher") {
          defer { host.progress.retire(loop) }
          try await service.dispatcher.run()
        },
        LoopComponent("mails") { try await service.mails.run() },
      ]
    }
  }
}
