import Base
import FoundationEssentials
import Glibc
import HTTPClient
import Subprocess
import Synchronization
import TestSupport

/// A home folder of its own with the real programs running in it, each of which can be killed and
/// started again. Everything ends, and the folder goes, with the last reference.
///
/// What a service writes to standard error is appended to a file, which outlives its kills; `told`
/// puts the ends of these files behind an error.
final class Installation: Sendable {
  static let password = "a password for tests"

  /// Under the home folder, where a test asked for a small one.
  let disk: SmallDisk?
  let home: TemporaryFolder
  private let processes = Mutex<[Service: ChildProcess]>([:])
  private let supervisor = Mutex<ChildProcess?>(nil)

  /// `settings` is what `airloom.toml` says beyond the port of the page; with `megabytes` the home
  /// folder is a disk of its own of that size.
  init(settings: String = "", web: String = "port = 0", megabytes: Int? = nil) throws {
    let home = try TemporaryFolder()
    self.home = home
    disk = try megabytes.map { try SmallDisk(at: home.path, megabytes: $0) }
    try home.folder("e2e")
    try home.file("airloom.toml", "[web]\n\(web)\n\(settings)\n")
  }

  /// Starts an installation, runs the body and ends it; an error is told with the services' logs.
  static func run<Result>(
    settings: String = "", services: [Service] = Service.all,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Installation) async throws -> Result
  ) async throws -> Result {
    let installation = try Installation(settings: settings)
    return try await installation.told {
      try await installation.start(services)
      let result = try await body(installation)
      await installation.stop()
      return result
    }
  }

  /// Runs the body; an error that it throws is followed by the last lines of every service.
  func told<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      await stop(.kill)
      throw TestFailure("\(error)\n\(logTails())")
    }
  }

  // MARK: Processes

  func start(_ services: [Service]) async throws {
    for service in services { try await start(service) }
  }

  /// Returns when the process runs, which is before it is ready.
  func start(_ service: Service, waitsUntilReady: Bool = false) async throws {
    let before = log(of: service).count
    let child = try await launch(service)
    processes.withLock { $0[service] = child }
    guard waitsUntilReady else { return }
    try await eventually("\(service) is ready", within: .seconds(60)) {
      if let exit = child.ending { throw TestFailure("\(service) \(exit)") }
      return self.log(of: service).dropFirst(before).contains(" ready ")
    }
  }

  /// A process of that service, kept by nobody.
  func launch(
    _ service: Service, node: String? = nil, environment: [String: String] = [:]
  ) async throws -> ChildProcess {
    var command = ChildCommand(
      try BuiltPrograms.path(service.program),
      ["--home", home.path, "--node", node ?? service.node])
    command.environment = environment
    if service == .gateway {
      command.environment["AIRLOOM_ADMIN_PASSWORD"] = Installation.password
    }
    command.errors = .file(logPath(of: node ?? service.node))
    return try await ChildProcess.start(command)
  }

  /// `airloom up`, as a person starts everything.
  func up() async throws {
    var command = ChildCommand(try BuiltPrograms.path("airloom"), ["up", "--home", home.path])
    command.environment["AIRLOOM_ADMIN_PASSWORD"] = Installation.password
    command.output = .file(logPath(of: "up"))
    command.errors = .sameAsOutput
    let child = try await ChildProcess.start(command)
    supervisor.withLock { $0 = child }
  }

  /// As a crash does, at once.
  func kill(_ service: Service) async {
    let child = processes.withLock { $0.removeValue(forKey: service) }
    await child?.stop(.kill)
  }

  func isRunning(_ service: Service) -> Bool {
    processes.withLock { $0[service] }.map { $0.ending == nil } ?? false
  }

  func process(_ service: Service) -> ChildProcess? { processes.withLock { $0[service] } }

  /// Ends everything in order; returns those that did not end as they should.
  @discardableResult
  func stop(_ ladder: StopLadder = StopLadder([.init(.signal(SIGTERM), grace: .seconds(30))]))
    async -> [String]
  {
    let services = processes.withLock { processes in
      defer { processes = [:] }
      return processes
    }
    let up = supervisor.withLock { supervisor in
      defer { supervisor = nil }
      return supervisor
    }
    for child in services.values { child.requestStop(ladder) }
    var odd: [String] = []
    for (service, child) in services {
      let exit = await child.stop(ladder)
      if !exit.isOrderly { odd.append("\(service) \(exit)") }
    }
    if let exit = await up?.stop(ladder), !exit.isOrderly { odd.append("airloom up \(exit)") }
    return odd
  }

  // MARK: Files

  /// What the service wrote so far, over all its lives.
  func log(of service: Service) -> String { log(of: service.node) }

  func log(of name: String) -> String {
    (try? DurableFile.read(logPath(of: name))).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The lines of that level that the service wrote.
  func lines(_ level: String, of service: Service) -> [String] {
    log(of: service).split(separator: "\n").filter { line in
      line.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) == level
    }.map(String.init)
  }

  func logTails() -> String {
    (Service.all.map(\.node) + ["up"]).map { name in
      let lines = log(of: name).split(separator: "\n").suffix(40)
      return lines.isEmpty ? "" : "--- \(name)\n" + lines.joined(separator: "\n") + "\n"
    }.joined()
  }

  var recordings: String { home("media/recordings") }

  private func logPath(of name: String) -> String { home("e2e/\(name).log") }
}
