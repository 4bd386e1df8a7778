internal import Base
internal import Configuration
internal import FoundationEssentials
internal import Glibc
internal import HTTPClient
internal import Messages
internal import Service

/// Talks to the services of a home through their control sockets.
struct ControlClient: Sendable {
  let home: Home
  private let client = HTTPClient()

  init(_ home: Home) { self.home = home }

  /// The nodes that have a socket, sorted; it may have been left by a dead process.
  var nodes: [NodeID] {
    guard let folder = opendir(home.run) else { return [] }
    defer { closedir(folder) }
    var found: [NodeID] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".sock"), let node = NodeID(String(name.dropLast(5))) { found.append(node) }
    }
    return found.sorted()
  }

  /// The answer to a command, JSON; throws where nobody answers.
  func ask(_ node: NodeID, _ command: ControlCommand) async throws -> [UInt8] {
    try await request("POST", "/control/\(command.rawValue)", of: node).body
  }

  func stats(of node: NodeID) async throws -> StatsReport {
    try JSONDecoder().decode(StatsReport.self, from: Data(try await ask(node, .stats)))
  }

  func health(of node: NodeID) async throws -> HealthReport {
    let answer = try await request("GET", "/healthz", of: node)
    return try JSONDecoder().decode(HealthReport.self, from: Data(answer.body))
  }

  private func request(
    _ method: String, _ path: String, of node: NodeID
  ) async throws -> HTTPResponse {
    var request = HTTPRequest(method, "http://localhost\(path)", timeout: .seconds(3))
    request.unixSocketPath = home.controlSocket(of: node)
    request.acceptsAnyStatus = true
    return try await client.request(request)
  }
}
