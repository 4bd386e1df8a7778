import Base
import Glibc
import Subprocess
import TestSupport
import Testing

/// As the image has it (deploy/Dockerfile): the converter's file grants CAP_LEASE, and an ordinary
/// user runs it.
@Suite(
  "The capability of the converter", .enabled(if: geteuid() == 0, "needs the right to grant it"))
struct CapabilityTests {
  /// CAP_LEASE of capabilities(7).
  private static let lease = 28

  @Test(
    "is taken up from its file, and done without where it cannot be had", arguments: [true, false])
  func fileCapability(isToBeHad: Bool) async throws {
    let folder = try TemporaryFolder()
    let program = folder("airloom-converter")
    let copied = try await DeployedTree.run(
      "cp", [try BuiltPrograms.path("airloom-converter"), program])
    #expect(copied.exit.isSuccess, "\(copied.errorText)")
    let granted = try await DeployedTree.run(
      try requires(Tool("setcap", package: "libcap2-bin")), ["cap_lease=p", program])
    #expect(granted.exit.isSuccess, "\(granted.errorText)")
    try folder.file("airloom.toml", "[web]\nport = 0\n")
    for path in [folder.path, program] { chmod(path, 0o777) }
    var command = ChildCommand(
      try requires(.setpriv),
      ["--reuid=1", "--regid=1", "--clear-groups"]
        + (isToBeHad ? [] : ["--bounding-set=-lease"]) + [program, "--home", folder.path])
    command.errors = .tail(limit: 64 << 10)
    let child = try await ChildProcess.start(command)
    try await eventually("the converter is ready", within: .seconds(60)) {
      if let exit = child.ending { throw TestFailure("it \(exit): \(child.errorText)") }
      return child.errorText.contains(" ready ")
    }
    let status = String(
      decoding: try DurableFile.read("/proc/\(child.pid)/status"), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    let effective = line.flatMap { UInt64($0.dropFirst(7).filter(\.isHexDigit), radix: 16) }
    #expect(effective == (isToBeHad ? 1 << UInt64(Self.lease) : 0))
  }
}
