import Base
import Glibc
import Service
import Subprocess
import TestSupport
import Testing

@Suite("The other commands")
struct CommandTests {
  @Test("status and control speak to the services that run")
  func statusAndControl() async throws {
    let folder = try TemporaryFolder()
    let up = try await AirloomProgram.up(in: folder)
    let status = try await AirloomProgram.run(["status"], home: folder)
    #expect(status.exit.isSuccess, "\(status.text)\(status.errorText)")
    let lines = status.text.split(separator: "\n")
    try #require(lines.count >= 3)
    #expect(lines[1].hasPrefix("converter-1  running"))
    #expect(lines[2].hasPrefix("feeder       running"))

    let pause = try await AirloomProgram.run(["control", "feeder", "pause"], home: folder)
    #expect(pause.text == "{\"node\":\"feeder\",\"state\":\"paused\"}\n")
    let typo = try await AirloomProgram.run(["control", "feder", "ping"], home: folder)
    #expect(typo.exit.reason == .exited(ExitCode.unavailable.rawValue))
    #expect(typo.errorText.hasSuffix("; did you mean feeder?\n"))
    let pong = try await AirloomProgram.run(["control", "feeder", "pong"], home: folder)
    #expect(
      pong.errorText == "airloom: there is no control command 'pong'; did you mean 'ping'?\n")
    await up.child.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))

    let after = try await AirloomProgram.run(["status"], home: folder)
    #expect(after.exit.reason == .exited(ExitCode.unavailable.rawValue))
    #expect(after.text.contains("feeder       not running"))
    let nobody = try await AirloomProgram.run(["control", "feeder", "ping"], home: folder)
    #expect(nobody.errorText.contains("start them with `airloom up`"))
  }

  @Test("config checks, prints, and says where")
  func config() async throws {
    let folder = try TemporaryFolder()
    let path = try await AirloomProgram.run(["config", "path"], home: folder)
    #expect(path.text == "\(folder.path)/airloom.toml\n")
    let elsewhere = try await AirloomProgram.run(
      ["config", "check", "--config", folder("etc/")], home: folder)
    #expect(elsewhere.text == "\(folder.path)/etc/airloom.toml is good\n")
    let check = try await AirloomProgram.run(["config", "check"], home: folder)
    #expect(check.text == "\(folder.path)/airloom.toml is good\n")
    try folder.file("airloom.toml", "[web]\nport = 1234\n")
    let printed = try await AirloomProgram.run(["config", "print"], home: folder)
    #expect(printed.text.contains("port = 1234\n"))
    try folder.file("airloom.toml", "[web]\nport = x\n[log]\n")
    let bad = try await AirloomProgram.run(["config", "check"], home: folder)
    #expect(bad.exit.reason == .exited(ExitCode.configuration.rawValue))
    #expect(bad.errorText.contains("airloom.toml:2:8: this is not TOML"), "\(bad.errorText)")
    let typo = try await AirloomProgram.run(["config", "chek"], home: folder)
    #expect(
      typo.errorText
        == "airloom: 'chek' is nothing that config does; did you mean `airloom config check`?\n")
  }

  @Test("version and help answer")
  func help() async throws {
    let folder = try TemporaryFolder()
    let version = try await AirloomProgram.run(["version"], home: folder)
    #expect(version.text == "airloom \(ServiceVersion.text)\n")
    let help = try await AirloomProgram.run(["help", "up"], home: folder)
    #expect(help.text.hasPrefix("usage: airloom up\n"))
    let none = try await AirloomProgram.run(["help", "upp"], home: folder)
    #expect(none.exit.reason == .exited(ExitCode.usage.rawValue))
  }
}
