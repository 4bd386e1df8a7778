internal import Base
internal import Glibc
internal import Subprocess
internal import TestSupport

/// The real services, as they were built beside this program, in a home of their own that is removed
/// with this. They die with their owner.
final class RunningSuite {
  let home: TemporaryFolder
  private(set) var services: [(name: String, child: ChildProcess)] = []
  private let programs: String

  init() throws {
    home = try TemporaryFolder()
    programs = try RunningSuite.ownFolder()
    // Any free ports: the machine may run an Airloom of its own.
    try home.file("airloom.toml", "[web]\nport = 0\n")
  }

  /// Where the service's log is.
  func log(_ name: String) -> String { home("\(name).log") }

  func start(_ name: String) async throws {
    let path = "\(programs)/airloom-\(name)"
    guard access(path, X_OK) == 0 else {
      throw TestFailure("\(path) is missing: run the benchmarks with `make bench`, which builds it")
    }
    var command = ChildCommand(path, ["--home", home.path])
    command.output = .file(log(name))
    command.errors = .file(log(name))
    services.append((name, try await ChildProcess.start(command)))
  }

  /// Waits until every service says that it is ready, or tells which one ended.
  func becomeReady() async throws {
    for (name, child) in services {
      try await eventually("\(name) is ready", within: .seconds(30)) {
        if let exit = child.ending {
          throw TestFailure("airloom-\(name) \(exit): \(Machine.text(log(name)))")
        }
        return Machine.text(log(name)).contains(" info ready ")
      }
    }
  }

  /// As a power cut would: what they have committed is in their databases.
  func kill() async {
    for (_, child) in services { await child.stop(.kill) }
    services = []
  }

  private static func ownFolder() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { throw TestFailure("/proc/self/exe cannot be read") }
    return DurableFile.folder(
      of: String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
