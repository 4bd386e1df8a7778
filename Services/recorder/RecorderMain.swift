import Base
import Bus
import Configuration
import Service
import Storage

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
      let tapeRoot = try await tapeRoot(host, database)
      let service = RecorderService(host, database: database, outbox: outbox, tapeRoot: tapeRoot)
      let bus = try await host.joinBus(
        database: database, outbox: outbox, handlers: service.handlers, binds: false,
        peers: [RecorderService.scheduler], recorder: { await service.load() })
      return service.components(bus)
    }
  }

  /// This recorder's tape folder, chosen on the database's thread, which may wait for a disk.
  private static func tapeRoot(_ host: ServiceHost, _ database: Database) async throws -> String {
    let (tape, node) = (host.home.tape(host.settings), host.node)
    return try await database.read { transaction in
      let known = try VolumeCatalog.known(transaction)?.path
      let root = TapeFolder.claim(tape, for: node, known: known)
      // Before folders were apart, recorders of one home shared the first one's.
      if known == tape, root != tape {
        let files = try SegmentCatalog.files(transaction)
        TapeFolder.takeAlong(files.segments, shared: files.sections, from: tape, to: root)
      }
      return root
    }
  }
}
