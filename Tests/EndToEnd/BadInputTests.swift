import Base
import Glibc
import HTTPClient
import Messages
import Subprocess
import TestSupport
import Testing

/// What people and machines get wrong at the start: one clear sentence, and an exit code that says
/// so.
@Suite("Bad input at the start")
struct BadInputAtStartTests {
  @Test("a mistake in the settings is told with file, line and key", arguments: Service.all)
  func wrongSettings(service: Service) async throws {
    let installation = try Installation(settings: "[recorder]\nsegmant_s = 6")
    try await Self.expectEnd(
      of: service, in: installation, code: 78,
      saying: [
        "\(installation.home.path)/airloom.toml:4:1: [recorder] has no key 'segmant_s'",
        "did you mean 'segment_s'?",
      ])
  }

  @Test("`airloom up` tells a mistake in the settings once and starts nothing")
  func wrongSettingsForAll() async throws {
    let installation = try Installation(web: "port = \"http\"")
    let run = try await Self.runUp(in: installation.home.path)
    #expect(run.exit.reason == .exited(78))
    #expect(run.text.split(separator: "\n").count == 1, "\(run.text)")
    #expect(run.text.contains("airloom.toml:2:8: [web] port must be"))
    #expect(!Files.exists(installation.home("data/scheduler.sqlite")))
  }

  @Test("a second `airloom up` in the same home is refused, and the first goes on")
  func secondUp() async throws {
    let installation = try Installation()
    try await installation.told {
      try await installation.up()
      try await RESTClient(installation).logIn()
      let run = try await Self.runUp(in: installation.home.path)
      #expect(run.exit.reason == .exited(75))
      #expect(run.text.split(separator: "\n").count == 1, "\(run.text)")
      #expect(run.text.contains("runs already"))
      try await RESTClient(installation).logIn()
      #expect(await installation.stop().isEmpty)
    }
  }

  @Test(
    "`airloom up` says that its home folder cannot be written, and ends",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"))
  func readOnlyHomeForAll() async throws {
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 1, isReadOnly: true)
    let run = try await Self.runUp(in: disk.path)
    #expect(run.exit.reason == .exited(77))
    #expect(run.text.split(separator: "\n").count == 1, "\(run.text)")
    #expect(run.text.contains("Read-only file system"))
  }

  @Test("a second process of the same node is refused, and the first goes on")
  func second() async throws {
    try await Installation.run { installation in
      for service in Service.all {
        try await eventually("\(service) is ready") {
          installation.log(of: service).contains(" ready ")
        }
        let first = try #require(installation.process(service))
        let before = installation.lines("error", of: service).count
        let second = try await installation.launch(service)
        let exit = await second.exit(within: .seconds(20))
        #expect(exit?.reason == .exited(75))
        let lines = installation.lines("error", of: service).dropFirst(before)
        #expect(lines.count == 1)
        #expect(
          lines.first?.contains("\(service.node) runs already as process \(first.pid)") == true,
          "\(lines)")
        #expect(first.ending == nil)
      }
    }
  }

  @Test("a page's port that is taken is told, and the page is served at another one")
  func portInUse() async throws {
    let first = try await NginxServer.start()
    let installation = try Installation(web: "port = \(first.port)")
    try await installation.told {
      try await installation.start(.gateway, waitsUntilReady: true)
      let client = RESTClient(installation)
      try await client.logIn()
      #expect(client.port != Int(first.port))
      let warnings = installation.lines("warning", of: .gateway)
        .filter { $0.contains("\(first.port)") }
      #expect(warnings.count == 1, "\(warnings)")
      await installation.stop()
    }
  }

  @Test(
    "a home folder that cannot be written ends every service with one sentence",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"), arguments: Service.all)
  func readOnlyHome(service: Service) async throws {
    let installation = try Installation()
    let disk = try SmallDisk(at: installation.home("disk"), megabytes: 1, isReadOnly: true)
    var command = ChildCommand(
      try BuiltPrograms.path(service.program), ["--home", disk.path])
    command.errors = .tail(limit: 16 << 10)
    let child = try await ChildProcess.start(command)
    let exit = await child.exit(within: .seconds(20))
    #expect(exit?.reason == .exited(77))
    let lines = child.errorText.split(separator: "\n")
    #expect(lines.count == 1, "\(child.errorText)")
    #expect(child.errorText.contains(disk.path))
    #expect(child.errorText.contains("Read-only file system"))
  }

  private static func runUp(in home: String) async throws -> ChildRun {
    var command = ChildCommand(try BuiltPrograms.path("airloom"), ["up", "--home", home])
    command.errors = .sameAsOutput
    return try await ChildProcess.run(command, timeout: .seconds(30))
  }

  private static func expectEnd(
    of service: Service, in installation: Installation, code: Int32, saying parts: [String]
  ) async throws {
    let child = try await installation.launch(service)
    let exit = await child.exit(within: .seconds(20))
    #expect(exit?.reason == .exited(code))
    let lines = installation.log(of: service).split(separator: "\n")
    #expect(lines.count == 1, "\(lines)")
    for part in parts { #expect(installation.log(of: service).contains(part), "\(lines)") }
  }
}
