import Base
import Configuration
import Glibc
import Service
import Subprocess
import TestSupport
import Testing

@Suite("airloom up")
struct UpTests {
  @Test("makes a home with commented settings at the first start, and keeps them")
  func firstStart() async throws {
    let folder = try TemporaryFolder()
    // Without a service to start it ends by itself.
    var command = ChildCommand(
      try BuiltPrograms.path("airloom"), ["up", "--home", folder("new/home")])
    command.environment = ["AIRLOOM_UP_SERVICES": ""]
    let first = try await ChildProcess.start(command)
    #expect(await first.exit().reason == .exited(ExitCode.configuration.rawValue))
    #expect(first.errorText == "airloom: [up] services is empty: name the services to start\n")
    let text = try folder.text("new/home/airloom.toml")
    #expect(text.contains("# port = 8666"))
    try folder.file("new/home/airloom.toml", text + "\n# mine\n")
    _ = try await ChildProcess.start(command).exit()
    #expect(try folder.text("new/home/airloom.toml").hasSuffix("# mine\n"))
  }

  @Test("starts the services, shows their lines behind their names, and drains on Ctrl-C")
  func life() async throws {
    let up = try await AirloomProgram.up(in: try TemporaryFolder())
    let pids = [await up.pid(of: "converter-1"), await up.pid(of: "feeder")].compactMap(\.self)
    #expect(pids.count == 2)
    let exit = await up.child.stop(StopLadder([.init(.signal(SIGINT), grace: .seconds(30))]))
    #expect(exit.reason == .exited(0))
    #expect(pids.allSatisfy(isGone))
    #expect(up.text.contains("converter | "))
    #expect(up.text.contains("feeder    | "))
    #expect(up.text.contains("SIGINT: the services end their work; once more kills them"))
    #expect(up.text.hasSuffix("all services have ended\n"))
    #expect(!up.text.contains("\u{1B}"))
  }

  @Test("starts a killed service again while the others go on")
  func restart() async throws {
    let up = try await AirloomProgram.up(in: try TemporaryFolder())
    let feeder = await up.pid(of: "feeder")
    let first = try #require(await up.pid(of: "converter-1"))
    kill(first, SIGKILL)
    try await eventually("another converter answers") {
      let pid = await up.pid(of: "converter-1")
      return pid != nil && pid != first
    }
    let feederNow = await up.pid(of: "feeder")
    #expect(feederNow == feeder, "\(up.text)")
    #expect(up.text.contains("converter was ended by signal 9 (SIGKILL); starting it again"))
    await up.child.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))
  }

  @Test("kills a service that hangs when told twice")
  func secondSignal() async throws {
    let fake = try FakeServices([
      "converter": "trap '' TERM HUP; echo $$; while :; do sleep 1; done"
    ])
    let up = try await fake.up()
    let converter = try await eventually("it has said its number") {
      up.text.split(separator: "\n").first { $0.hasPrefix("converter | ") }
        .flatMap { Int32($0.filter(\.isNumber)) }
    }
    kill(up.child.pid, SIGTERM)
    try await eventually("the first signal was taken") { up.text.contains("once more kills them") }
    #expect(!isGone(converter))
    kill(up.child.pid, SIGINT)
    #expect(await up.child.exit().reason == .exited(128 + SIGINT))
    try await eventually("the converter is gone") { isGone(converter) }
  }

  @Test("tells a crash loop in one sentence and leaves alone what only a person can help")
  func failing() async throws {
    let fake = try FakeServices([
      "converter": "exit 70", "feeder": "echo bad settings; exit 78", "recorder": "exec sleep 1000",
    ])
    let up = try await fake.up()
    try await eventually("the loop is told") {
      up.text.contains("converter ended 5 times in a row, last it exited with code 70")
    }
    try await eventually("the other is left alone") {
      up.text.contains("feeder exited with code 78 and is left alone")
    }
    #expect(up.text.components(of: "bad settings") == 1)
    #expect(!up.text.contains("recorder exited"))
    await up.child.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))
    #expect(up.text.components(of: "in a row") == 1)
  }

  @Test("ends when no service is left, and names one that is missing")
  func nothingLeft() async throws {
    let fake = try FakeServices(["converter": "exit 64"])
    #expect(unlink(fake.folder("bin/airloom-converter")) == 0)
    let up = try await fake.up()
    #expect(await up.child.exit().reason == .exited(ExitCode.unavailable.rawValue))
    #expect(up.text.contains("bin/airloom-converter does not exist"))
    #expect(up.text.hasSuffix("no service is left that could be started again\n"))
  }

  @Test("gives the first password to the gateway and to nobody else")
  func password() async throws {
    let script = "echo password=$AIRLOOM_ADMIN_PASSWORD.; exec sleep 1000"
    let fake = try FakeServices(["converter": script, "gateway": script])
    var command = ChildCommand(fake.folder("bin/airloom"), ["up", "--home", fake.home])
    command.environment = ["AIRLOOM_ADMIN_PASSWORD": "secret"]
    command.output = .tail(limit: 1 << 20)
    let up = RunningUp(child: try await ChildProcess.start(command), folder: fake.folder)
    try await eventually("both have spoken") {
      up.text.contains("gateway   | password=secret.")
        && up.text.contains("converter | password=.")
    }
  }

  @Test("lets its services end in order when it is itself killed")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let up = try await AirloomProgram.up(in: folder)
    let pids = [await up.pid(of: "converter-1"), await up.pid(of: "feeder")].compactMap(\.self)
    kill(up.child.pid, SIGKILL)
    _ = await up.child.exit()
    try await eventually("the services are gone") { pids.allSatisfy(isGone) }
    // In order: each took its socket away itself.
    let left = TemporaryFolder.names(in: up.home.run).filter { $0.hasSuffix(".sock") }
    #expect(left.isEmpty)
    let again = try await AirloomProgram.up(in: folder)
    await again.child.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))
  }

  @Test("runs once for a home, and says what is wrong with the settings")
  func refusals() async throws {
    let folder = try TemporaryFolder()
    let up = try await AirloomProgram.up(in: folder)
    let second = try await AirloomProgram.run(["up"], home: folder)
    #expect(second.exit.reason == .exited(ExitCode.alreadyRunning.rawValue))
    #expect(second.errorText.contains("airloom up runs already as process \(up.child.pid)"))
    await up.child.stop(StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))
    let bad = try await AirloomProgram.up(in: folder, settings: "[web]\nprot = 1", waits: false)
    #expect(await bad.child.exit().reason == .exited(ExitCode.configuration.rawValue))
    #expect(bad.text.contains("airloom.toml:2:1: [web] has no key 'prot'; did you mean 'port'?"))
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
