import Base
import Configuration
import FoundationEssentials
import Glibc
import HTTPClient
import Service
import Subprocess
import TestSupport

/// A service as a process of its own; by default the converter, the plainest there is.
struct RunningService {
  let child: ChildProcess
  let folder: TemporaryFolder
  var home: Home { Home(folder.path) }
  let node: NodeID

  static func start(
    _ program: String = "airloom-converter", in folder: TemporaryFolder,
    settings: String = "[web]\nport = 0\n",
    node: String = "converter-1",
    environment: [String: String] = [:], waits: Bool = true
  ) async throws -> RunningService {
    try folder.file("airloom.toml", settings)
    var command = ChildCommand(
      try BuiltPrograms.path(program), ["--home", folder.path, "--node", node])
    command.errors = .tail(limit: 64 << 10)
    command.environment = environment
    let child = try await ChildProcess.start(command)
    let service = RunningService(
      child: child, folder: folder, node: NodeID(unchecked: node))
    if waits {
      try await eventually("the service is ready") {
        if let exit = child.ending { throw TestFailure("it \(exit): \(child.errorText)") }
        return child.errorText.contains(" ready ")
      }
    }
    return service
  }

  /// Through the unix socket.
  func ask(_ method: String, _ path: String) async throws -> HTTPResponse {
    var request = HTTPRequest(method, "http://localhost\(path)")
    request.unixSocketPath = home.controlSocket(of: node)
    request.acceptsAnyStatus = true
    return try await client.request(request)
  }

  func ask<Answer: Decodable>(
    _ method: String, _ path: String, as type: Answer.Type
  ) async throws -> Answer {
    try JSONDecoder().decode(type, from: Data(try await ask(method, path).body))
  }

  /// The TCP port that it says it uses.
  func port() throws -> UInt16? {
    let text = String(decoding: try DurableFile.read(home.portFile(of: node)), as: UTF8.self)
    return UInt16(text.filter { $0.isNumber })
  }

  func get(_ path: String) async throws -> HTTPResponse {
    var request = HTTPRequest("GET", "http://127.0.0.1:\(try port() ?? 0)\(path)")
    request.acceptsAnyStatus = true
    return try await client.request(request)
  }
}

private let client = HTTPClient()
