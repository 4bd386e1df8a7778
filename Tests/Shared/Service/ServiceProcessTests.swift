import Base
import Configuration
import Glibc
import HTTPClient
import Messages
import Service
import Subprocess
import TestSupport
import Testing

@Suite("A service process")
struct ServiceProcessTests {
  @Test("answers its health and metrics over TCP, and commands on its socket only")
  func status() async throws {
    let folder = try TemporaryFolder()
    let service = try await RunningService.start(in: folder)
    let health = try await service.get("/healthz")
    #expect(health.status == 200)
    let report = try await service.ask("GET", "/healthz", as: HealthReport.self)
    #expect(report.service == "converter")
    #expect(report.node == service.node)
    #expect(report.state == .running)
    let metrics = try await service.get("/metrics")
    #expect(String(decoding: metrics.body, as: UTF8.self).contains("process_resident_memory_bytes"))
    #expect(try await service.get("/control/ping").status == 404)
    var status = stat()
    #expect(lstat(service.home.controlSocket(of: service.node), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)

    await service.child.stop()
    #expect(!FileManagement.exists(service.home.portFile(of: service.node)))
    #expect(!FileManagement.exists(service.home.controlSocket(of: service.node)))
  }

  @Test("pauses, resumes, counts and remembers its errors when told to")
  func control() async throws {
    let folder = try TemporaryFolder()
    // A port that is taken makes it warn.
    let taken = try LoopbackPort.free()
    let blocker = try await RunningService.start(
      in: folder, settings: "[web]\nport = \(taken - 3)\n", node: "converter-1")
    #expect(try blocker.port() == taken)
    let service = try await RunningService.start(
      in: folder, settings: "[web]\nport = \(taken - 3)\n", node: "converter-2")
    #expect(try service.port() != taken)

    let ping = try await service.ask("POST", "/control/ping", as: ControlAnswer.self)
    #expect(ping.state == .running)
    let pause = try await service.ask("POST", "/control/pause", as: ControlAnswer.self)
    #expect(pause.state == .paused)
    #expect(try await service.ask("GET", "/healthz", as: HealthReport.self).state == .paused)
    let resume = try await service.ask("POST", "/control/resume", as: ControlAnswer.self)
    #expect(resume.state == .running)
    let stats = try await service.ask("POST", "/control/stats", as: StatsReport.self)
    #expect(stats.pid == service.child.pid)
    #expect(stats.residentBytes > 1_000_000)
    #expect(stats.http?.hasPrefix("127.0.0.1:") == true)
    let errors = try await service.ask("POST", "/control/errors", as: ErrorsReport.self)
    #expect(errors.lines.first?.message.hasPrefix("the status port is taken") == true)
    let unknown = try await service.ask("POST", "/control/dance")
    #expect(unknown.status == 404)
    #expect(String(decoding: unknown.body, as: UTF8.self).contains("no command 'dance', only ping"))
    #expect(try await service.ask("GET", "/control/ping").status == 405)
  }

  @Test("ends in order on SIGTERM and on SIGINT", arguments: [SIGTERM, SIGINT])
  func drain(signal: Int32) async throws {
    let service = try await RunningService.start(in: try TemporaryFolder())
    let exit = await service.child.stop(
      StopLadder([.init(.signal(signal), grace: .seconds(20))]))
    #expect(exit.reason == .exited(0))
    #expect(service.child.errorText.contains("draining"))
    #expect(service.child.errorText.contains("stopped"))
  }

  @Test("ends at once on a second signal")
  func secondSignal() async throws {
    let service = try await RunningService.start(in: try TemporaryFolder())
    // Both are waiting when it wakes, so that the second comes while it drains.
    kill(service.child.pid, SIGSTOP)
    try await eventually("it is stopped") { Self.isStopped(service.child.pid) }
    kill(service.child.pid, SIGTERM)
    kill(service.child.pid, SIGINT)
    kill(service.child.pid, SIGCONT)
    let exit = await service.child.exit()
    #expect(exit.reason == .exited(128 + SIGTERM) || exit.reason == .exited(128 + SIGINT))
  }

  @Test("ends without its work when that does not end within drain_s")
  func hungDrain() async throws {
    await #expect(processExitsWith: .exitCode(ExitCode.software.rawValue)) {
      try await HungService.live()
    }
  }

  @Test("is refused while the same node runs, and runs after a kill -9")
  func twice() async throws {
    let folder = try TemporaryFolder()
    let first = try await RunningService.start(in: folder)
    let second = try await RunningService.start(in: folder, waits: false)
    #expect(await second.child.exit().reason == .exited(ExitCode.alreadyRunning.rawValue))
    #expect(
      second.child.errorText.contains("converter-1 runs already as process \(first.child.pid)"))
    await first.child.stop(.kill)
    let third = try await RunningService.start(in: folder)
    #expect(try await third.ask("POST", "/control/ping").status == 200)
  }

  @Test("names everything that is wrong with its settings and ends with 78")
  func badSettings() async throws {
    let folder = try TemporaryFolder()
    let service = try await RunningService.start(
      in: folder, settings: "[web]\nprot = 1\n[log]\nlevel = 3\n", waits: false)
    #expect(await service.child.exit().reason == .exited(ExitCode.configuration.rawValue))
    let text = service.child.errorText
    #expect(text.contains("airloom.toml:2:1: [web] has no key 'prot'; did you mean 'port'?"))
    #expect(text.contains("airloom.toml:4:9: [log] level must be one of"))
  }

  @Test("tells systemd that it is ready, alive and ending")
  func systemd() async throws {
    let folder = try TemporaryFolder()
    let listener = try DatagramListener(path: folder("notify"))
    let service = try await RunningService.start(
      in: folder,
      environment: ["NOTIFY_SOCKET": folder("notify"), "WATCHDOG_USEC": "600000"])
    try await eventually("it has fed the watchdog twice") {
      listener.received().filter { $0 == "WATCHDOG=1" }.count >= 2
    }
    await service.child.stop()
    #expect(listener.received().first == "READY=1")
    #expect(listener.received().contains("STOPPING=1"))
  }

  @Test("answers --version and --help without starting anything")
  func help() async throws {
    let program = try BuiltPrograms.path("airloom-converter")
    let version = try await ChildProcess.run(
      ChildCommand(program, ["--version"]), timeout: .seconds(20))
    #expect(version.text == "airloom-converter \(ServiceVersion.text)\n")
    let help = try await ChildProcess.run(
      ChildCommand(program, ["--home", "/no", "--help"]), timeout: .seconds(20))
    #expect(help.text.hasPrefix("usage: airloom-converter"))
    #expect(help.exit.isSuccess)
  }

  private static func isStopped(_ pid: Int32) -> Bool {
    let text = (try? DurableFile.read("/proc/\(pid)/stat")).map {
      String(decoding: $0, as: UTF8.self)
    }
    return text?.split(separator: ")").last?.hasPrefix(" T") == true
  }
}
