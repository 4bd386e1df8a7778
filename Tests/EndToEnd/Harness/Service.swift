import Messages

/// The six processes of an installation.
enum Service: String, CaseIterable, Sendable {
  case scheduler, recorder, converter, feeder, delivery, gateway

  var program: String { "airloom-\(rawValue)" }

  /// Its default name on the bus.
  var node: String {
    switch self {
    case .recorder, .converter: "\(rawValue)-1"
    case .scheduler, .feeder, .delivery, .gateway: rawValue
    }
  }

  static let all = Service.allCases
  /// Those that a recording goes through.
  static let working: [Service] = [.scheduler, .recorder, .delivery, .gateway]
}
