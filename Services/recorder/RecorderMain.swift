import Base
import Bus
import Configuration
import Service

@main
struct RecorderMain {
  static func main() {
    ServiceHost.main("recorder", defaultNode: NodeID(unchecked: "recorder-1")) { host in
      let database = try host.openDatabase(schemas: RecorderService.schemas)
      let outbox = Outbox()
      let service = RecorderService(host, database: database, outbox: outbox)
      let scheduler = RecorderService.scheduler
      let bus = try await BusNode(
        settings: TransportSettings(
          node: host.node, peers: [scheduler: .ipc(of: scheduler, in: host.home.bus)]),
        database: database, outbox: outbox, handlers: service.handlers, log: host.log)
      return service.components(bus)
    }
  }
}
