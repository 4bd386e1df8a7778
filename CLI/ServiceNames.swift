internal import Base

/// What the services are called as programs and as nodes when `airloom up` starts one of each.
enum ServiceNames {
  static func node(of service: String) -> NodeID {
    let isWorker = service == "recorder" || service == "converter"
    return NodeID(unchecked: isWorker ? "\(service)-1" : service)
  }

  static func program(of service: String) -> String { "airloom-\(service)" }
}
