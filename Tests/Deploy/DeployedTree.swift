import Subprocess
import TestSupport

/// What `make install` makes, in a folder that stands for /.
struct DeployedTree {
  static let services = [
    "airloom-scheduler", "airloom-recorder@", "airloom-converter@", "airloom-feeder",
    "airloom-delivery", "airloom-gateway", "airloom",
  ].map { "\($0).service" }
  /// systemd's own folder under /usr, where `make install PREFIX=/usr` puts units too.
  static let units = "usr/lib/systemd/system"

  let root: TemporaryFolder

  init() async throws {
    root = try TemporaryFolder()
    try await install()
  }

  func install() async throws {
    let made = try await DeployedTree.run(
      "make",
      [
        "--silent", "-C", DeployedTree.package, "install", "DESTDIR=\(root.path)", "PREFIX=/usr",
        "BUILT=\(BuiltPrograms.folder)",
      ])
    guard made.exit.isSuccess else { throw TestFailure("make install: \(made.errorText)") }
  }

  static func run(_ program: String, _ arguments: [String]) async throws -> ChildRun {
    try await ChildProcess.run(ChildCommand(program, arguments), timeout: .seconds(120))
  }

  /// The folder of Package.swift.
  static let package = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
}
