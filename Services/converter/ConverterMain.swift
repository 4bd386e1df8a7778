internal import Base
internal import Bus
internal import Messages
internal import Service

@main
struct ConverterMain {
  static func main() {
    ServiceHost.main("converter", defaultNode: NodeID(unchecked: "converter-1")) { host in
      let database = try host.openDatabase(schemas: ConverterService.schemas)
      let outbox = Outbox()
      let relay = ProgressRelay()
      let drops = host.progress.register("drops")
      let conversions = host.progress.register("conversions")
      let health = host.health
      var surroundings = ConverterService.Surroundings()
      surroundings.keeper.isAlive = { drops.step() }
      surroundings.dispatcher.isAlive = { conversions.step() }
      surroundings.keeper.afterStep = { folders, fault in
        drops.step()
        health.show("folders", folders.isEmpty ? nil : folders.joined(separator: "; "))
        health.show("drops", fault)
      }
      surroundings.dispatcher.onProgress = { relay.report($0) }
      surroundings.dispatcher.afterStep = { fault in
        conversions.step()
        health.show("conversions", fault)
      }
      let service = try ConverterService(
        node: host.node, home: host.home, settings: host.settings, database: database,
        outbox: outbox, metrics: host.metrics, log: host.log, surroundings: surroundings)
      host.state.onChange { service.signals.setPaused($0 != .running) }
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: false,
        peers: [ConversionBook.scheduler])
      relay.connect(to: bus.node)
      return [
        bus,
        LoopComponent("drops") {
          defer { host.progress.retire(drops) }
          try await service.keeper.run()
        },
        LoopComponent("conversions") {
          defer { host.progress.retire(conversions) }
          try await service.dispatcher.run()
        },
      ]
    }
  }
}

extension HealthBoard {
  fileprivate func show(_ component: String, _ fault: String?) {
    if let fault { degraded(component, fault) } else { ok(component) }
  }
}
