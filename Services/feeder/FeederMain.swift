import Base
import Bus
import Service

@main
struct FeederMain {
  static func main() {
    ServiceHost.main("feeder") { host in
      let database = try host.openDatabase(schemas: [BusSchema.schema])
      return [try await host.joinBus(database: database, binds: true, peers: [])]
    }
  }
}
