import Base
import Bus
import Service

@main
struct RecorderMain {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "ingest" { IngestMain.run(Array(arguments.dropFirst())) }
    if arguments.first == "test" { SourceTestMain.run(Array(arguments.dropFirst())) }
    if arguments.first == "audit" { AuditMain.run(Array(arguments.dropFirst())) }
    ServiceHost.main("recorder", defaultNode: NodeID(unchecked: "recorder-1")) { host in
      let database = try host.openDatabase(schemas: RecorderService.schemas)
      let outbox = Outbox()
      let service = RecorderService(host, database: database, outbox: outbox)
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: false,
        peers: [RecorderService.scheduler], recorder: { await service.load() })
      return service.components(bus)
    }
  }
}
