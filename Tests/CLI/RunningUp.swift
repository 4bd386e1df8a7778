import Base
import Configuration
import FoundationEssentials
import Glibc
import HTTPClient
import Messages
import Service
import Subprocess
import TestSupport

/// `airloom` as a process, in a home of its own.
enum AirloomProgram {
  static func run(_ arguments: [String], home: TemporaryFolder) async throws -> ChildRun {
    try await ChildProcess.run(
      ChildCommand(try BuiltPrograms.path("airloom"), arguments + ["--home", home.path]),
      timeout: .seconds(60))
  }

  /// `airloom up` with the two plainest services, once both answer.
  static func up(
    in folder: TemporaryFolder, settings: String? = nil, waits: Bool = true
  ) async throws -> RunningUp {
    try folder.file(
      "airloom.toml",
      settings ?? "[web]\nport = 0\n[up]\nservices = [\"converter\", \"feeder\"]\n")
    var command = ChildCommand(try BuiltPrograms.path("airloom"), ["up", "--home", folder.path])
    command.output = .tail(limit: 1 << 20)
    command.errors = .sameAsOutput
    let up = RunningUp(child: try await ChildProcess.start(command), folder: folder)
    if waits {
      try await up.waitFor("converter-1")
      try await up.waitFor("feeder")
    }
    return up
  }
}

struct RunningUp {
  let child: ChildProcess
  let folder: TemporaryFolder
  var home: Home { Home(folder.path) }

  var text: String { String(decoding: child.outputTail, as: UTF8.self) }

  /// The process that answers at a node's control socket; nil while nobody does.
  func pid(of node: String) async -> Int32? {
    var request = HTTPRequest("POST", "http://localhost/control/stats")
    request.unixSocketPath = home.controlSocket(of: NodeID(unchecked: node))
    guard let body = try? await client.request(request).body else { return nil }
    return try? JSONDecoder().decode(StatsReport.self, from: Data(body)).pid
  }

  func waitFor(_ node: String) async throws {
    try await eventually("\(node) answers") {
      if let exit = child.ending { throw TestFailure("up \(exit): \(text)") }
      return await pid(of: node) != nil
    }
  }
}

private let client = HTTPClient()

/// Whether a process is gone, or dead and only waiting to be collected.
func isGone(_ pid: Int32) -> Bool {
  guard let bytes = try? DurableFile.read("/proc/\(pid)/stat") else { return true }
  return String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z") == true
}
