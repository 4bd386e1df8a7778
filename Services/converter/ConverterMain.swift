import Base
import Service

@main
struct ConverterMain {
  static func main() {
    ServiceHost.main("converter", defaultNode: NodeID(unchecked: "converter-1")) { host in
      _ = try host.openDatabase(schemas: [])
      return []
    }
  }
}
