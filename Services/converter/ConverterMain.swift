import Base
import Bus
import Service

@main
struct ConverterMain {
  static func main() {
    ServiceHost.main("converter", defaultNode: NodeID(unchecked: "converter-1")) { host in
      let database = try host.openDatabase(schemas: [BusSchema.schema])
      let bus = try await host.joinBus(
        database: database, binds: false, peers: [NodeID(unchecked: "scheduler")])
      return [bus]
    }
  }
}
