import Base
import Configuration
import Glibc
import Subprocess
import TestSupport
import Testing

@Suite("What make install puts in place")
struct UnitTests {
  private static let analyze = Tool("systemd-analyze", package: "systemd")
  private static let sysusers = Tool("systemd-sysusers", package: "systemd")

  @Test("is programs, units that name them, settings and documents")
  func files() async throws {
    let tree = try await DeployedTree()
    for name in ["airloom"] + Settings.Up.allServices.map({ "airloom-\($0)" }) {
      #expect(access(tree.root("usr/bin/\(name)"), X_OK) == 0, "\(name)")
    }
    for unit in DeployedTree.services {
      let text = try text(tree.root("\(DeployedTree.units)/\(unit)"))
      let program = unit.prefix { $0 != "." && $0 != "@" }
      #expect(text.contains("ExecStart=/usr/bin/\(program)"), "\(unit)")
      #expect(!text.contains("/usr/local"), "\(unit)")
    }
    let settings = try text(tree.root("etc/airloom/airloom.toml"))
    #expect(settings.contains("# port = 8666"))
    #expect(access(tree.root("usr/share/doc/airloom/docs/configuration.md"), R_OK) == 0)
    #expect(access(tree.root("usr/lib/tmpfiles.d/airloom.conf"), R_OK) == 0)
  }

  @Test("keeps the settings that are there when it is put in place again")
  func again() async throws {
    let tree = try await DeployedTree()
    try tree.root.file("etc/airloom/airloom.toml", "[log]\nlevel = \"debug\"\n")
    try await tree.install()
    #expect(try text(tree.root("etc/airloom/airloom.toml")) == "[log]\nlevel = \"debug\"\n")
  }

  @Test("has a unit for every service in airloom.target")
  func target() async throws {
    let target = try text("\(DeployedTree.package)/deploy/systemd/airloom.target")
    for service in Settings.Up.allServices {
      #expect(
        target.contains("airloom-\(service).service")
          || target.contains("airloom-\(service)@1.service"), "\(service)")
    }
  }

  @Test("is what systemd understands, every word of it")
  func verify() async throws {
    try requires(Self.analyze)
    let tree = try await DeployedTree()
    // The targets that the units name are systemd's own.
    let copied = try await DeployedTree.run(
      "cp", ["-r", "/lib/systemd/system/.", tree.root(DeployedTree.units)])
    #expect(copied.exit.isSuccess, "\(copied.errorText)")
    let names =
      DeployedTree.services.map { $0.replacing("@.", with: "@1.") } + ["airloom.target"]
    let verified = try await DeployedTree.run(
      "systemd-analyze", ["verify", "--man=no", "--root=\(tree.root.path)"] + names)
    #expect(verified.exit.isSuccess && verified.errorText == "", "\(verified.errorText)")
    // It does tell of what it does not understand.
    let path = "\(DeployedTree.units)/airloom-feeder.service"
    let broken = try text(tree.root(path)).replacing("UMask", with: "UMusk")
    try tree.root.file(path, broken)
    let odd = try await DeployedTree.run(
      "systemd-analyze", ["verify", "--man=no", "--root=\(tree.root.path)"] + names)
    #expect(odd.errorText.contains("Unknown key 'UMusk'"))
  }

  @Test(
    "is exposed to 2.5 of 10 at most, by systemd's own reckoning", arguments: DeployedTree.services)
  func security(unit: String) async throws {
    try requires(Self.analyze)
    let path = "\(DeployedTree.package)/deploy/systemd/\(unit)"
    let judged = try await DeployedTree.run(
      "systemd-analyze", ["security", "--offline=true", "--threshold=25", "--no-pager", path])
    #expect(judged.exit.isSuccess, "\(judged.text.split(separator: "\n").suffix(1))")
    #expect(judged.text.contains("Overall exposure level"))
  }

  @Test("makes the user by systemd-sysusers")
  func user() async throws {
    try requires(Self.sysusers)
    let tree = try await DeployedTree()
    let made = try await DeployedTree.run(
      "systemd-sysusers", ["--root=\(tree.root.path)", "--dry-run"])
    #expect(made.exit.isSuccess, "\(made.errorText)")
    #expect(
      (made.text + made.errorText).contains("user 'airloom' (Airloom)"),
      "\(made.text)\(made.errorText)")
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try DurableFile.read(path), as: UTF8.self)
  }
}
