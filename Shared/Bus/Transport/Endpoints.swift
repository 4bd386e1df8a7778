public import Base
internal import Glibc

/// Where a node is reached: its inbox (PULL) and its outbox (PUB), as ZeroMQ writes endpoints, such
/// as `ipc:///var/lib/airloom/bus/scheduler.inbox` or `tcp://10.0.0.2:7001`.
public struct Endpoints: Hashable, Sendable {
  public var inbox: String
  public var outbox: String

  public init(inbox: String, outbox: String) {
    self.inbox = inbox
    self.outbox = outbox
  }

  var hasTCP: Bool {
    get throws(TransportError) {
      let addresses = [
        try EndpointAddress(parsing: inbox), try EndpointAddress(parsing: outbox),
      ]
      return addresses.contains { $0.isTCP }
    }
  }

  /// The ipc sockets of a node in a folder.
  public static func ipc(of node: NodeID, in folder: String) -> Endpoints {
    Endpoints(inbox: "ipc://\(folder)/\(node).inbox", outbox: "ipc://\(folder)/\(node).outbox")
  }
}

/// One endpoint, taken apart; only the two transports that the bus allows.
enum EndpointAddress: Hashable {
  case ipc(path: String)
  case tcp(host: String, port: String)

  /// sun_path of unix(7) is 108 bytes with its NUL.
  static let longestPath = 107

  init(parsing text: String) throws(TransportError) {
    if text.hasPrefix("ipc://") {
      let path = String(text.dropFirst(6))
      guard path.hasPrefix("/") else {
        throw TransportError(
          .endpoint, "The bus endpoint '\(text)' must name an absolute path: ipc:///folder/file.")
      }
      guard path.utf8.count <= EndpointAddress.longestPath else {
        throw TransportError(
          .endpoint,
          "The bus socket path '\(path)' has \(path.utf8.count) bytes, but the system allows "
            + "\(EndpointAddress.longestPath): choose a home folder with a shorter path.")
      }
      self = .ipc(path: path)
      return
    }
    let rest = text.dropFirst(6)
    guard text.hasPrefix("tcp://"), let colon = rest.lastIndex(of: ":"), colon > rest.startIndex
    else { throw EndpointAddress.malformed(text) }
    let port = String(rest[rest.index(after: colon)...])
    guard port == "*" || UInt16(port) != nil else { throw EndpointAddress.malformed(text) }
    self = .tcp(host: String(rest[..<colon]), port: port)
  }

  var isTCP: Bool {
    if case .tcp = self { true } else { false }
  }

  private static func malformed(_ text: String) -> TransportError {
    TransportError(
      .endpoint,
      "The bus endpoint '\(text)' is neither ipc:///folder/file nor tcp://address:port.")
  }
}
