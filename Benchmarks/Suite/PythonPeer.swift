internal import Base
internal import Glibc
internal import Subprocess
internal import TestSupport

/// A Python program in `Benchmarks/Peers`, run by the environment that `scripts/bench` makes.
struct PythonPeer {
  let child: ChildProcess

  init(_ script: String, _ arguments: [String] = []) async throws {
    let folder = DurableFile.folder(of: DurableFile.folder(of: "\(#filePath)"))
    var command = ChildCommand(
      try PythonPeer.python(), ["-u", "\(folder)/Peers/\(script)"] + arguments)
    command.output = .pipe()
    command.errors = .inherited
    child = try await ChildProcess.start(command)
  }

  /// AIRLOOM_BENCH_PYTHON: one that can import apscheduler.
  static func python() throws -> String {
    guard let path = getenv("AIRLOOM_BENCH_PYTHON").map({ String(cString: $0) }) else {
      throw TestFailure(
        "AIRLOOM_BENCH_PYTHON names no Python with APScheduler: run `make bench`, which makes one")
    }
    return path
  }
}
