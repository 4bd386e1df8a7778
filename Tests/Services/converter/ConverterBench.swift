import Base
import Configuration
import FoundationEssentials
import Glibc
import Messages
import Metrics
import Storage
import Subprocess
import Synchronization
import TestSupport

@testable import Bus
@testable import airloom_converter

/// A whole converter with a real database, real folders and the real FFmpeg, and no network: what is
/// said to it goes straight to its handlers, what it says is read from its log.
final class ConverterBench: Sendable {
  let folder: TemporaryFolder
  let home: Home
  let drops: String
  let settings: Settings
  let metrics = MetricsRegistry()
  let progress = Mutex<[ConversionProgress]>([])
  /// What is wrong with the watched folders, and what keeps drops and conversions from working.
  let faults = Mutex<(folders: [String], drops: String?, work: String?)>(
    (["not looked yet"], nil, nil))
  private let process: Mutex<Process?> = Mutex(nil)

  struct Process: Sendable {
    let database: Database
    let service: ConverterService
    let runs: [Task<Void, any Error>]
  }

  static let node = NodeID(unchecked: "converter-1")

  /// Grace periods of a second; `change` is applied to the settings.
  init(
    folder: TemporaryFolder? = nil, isStarted: Bool = true,
    _ change: (inout Settings, TemporaryFolder) -> Void = { _, _ in }
  ) throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    home = Home(folder("home"))
    try Syscall.makeFolders(home.path)
    try home.makeFolders()
    drops = try folder.folder("drops")
    var settings = Settings()
    settings.media.reserveMebibytes = 0
    settings.converter.folders = [drops]
    settings.converter.still = .seconds(1)
    settings.converter.rescan = .seconds(1)
    settings.converter.preset = .ultrafast
    settings.converter.crf = 30
    change(&settings, folder)
    self.settings = settings
    if isStarted { try start() }
  }

  deinit { process.withLock { $0 }.map { for run in $0.runs { run.cancel() } } }

  /// One life of the service.
  func start(database path: String? = nil) throws {
    let path = path ?? folder("converter.sqlite")
    let database = try Database(path: path, schemas: ConverterService.schemas)
    var surroundings = ConverterService.Surroundings()
    surroundings.keeper.afterStep = { [weak self] folders, fault in
      self?.faults.withLock { ($0.folders, $0.drops) = (folders, fault) }
    }
    surroundings.dispatcher.afterStep = { [weak self] fault in
      self?.faults.withLock { $0.work = fault }
    }
    surroundings.dispatcher.onProgress = { [weak self] report in
      self?.progress.withLock { $0.append(report) }
    }
    var policy = ConversionPolicy()
    policy.rest = .milliseconds(200)
    let service = try ConverterService(
      node: Self.node, home: home, settings: settings, database: database, outbox: Outbox(),
      metrics: metrics, log: .silent, surroundings: surroundings, policy: policy)
    let runs = [
      Task { try await service.keeper.run() }, Task { try await service.dispatcher.run() },
    ]
    process.withLock { $0 = Process(database: database, service: service, runs: runs) }
  }

  /// An orderly end.
  func stop() async throws {
    let old = process.withLock { process in
      defer { process = nil }
      return process
    }
    for run in old?.runs ?? [] { run.cancel() }
    for run in old?.runs ?? [] { try await run.value }
  }

  var database: Database {
    get throws {
      guard let process = process.withLock({ $0 }) else { throw TestFailure("it does not run") }
      return process.database
    }
  }

  var service: ConverterService {
    get throws {
      guard let process = process.withLock({ $0 }) else { throw TestFailure("it does not run") }
      return process.service
    }
  }

  var output: String { home.converted(settings) }

  /// Everything in the output folder, hidden files too.
  var made: [String] { TemporaryFolder.names(in: output) }

  // MARK: Saying something to it, and what it says

  func command<Body: CommandMessage>(_ body: Body) async throws -> CommandOutcome {
    let id = MessageID.random()
    guard let apply = try service.handlers.durable[Body.type] else {
      throw TestFailure("nobody takes \(Body.type)")
    }
    let bytes = try Array(JSONEncoder().encode(body))
    let received = Received(
      id: id, from: ConversionBook.scheduler, correlation: nil,
      createdAt: SystemTimeSource().now())
    try await database.write { try apply(bytes, received, $0) }
    guard let outcome = try await said(CommandOutcome.self).last(where: { $0.command == id }) else {
      throw TestFailure("\(Body.type) was not answered")
    }
    return outcome
  }

  /// Everything of a type that it has said to the scheduler since the database was made.
  func said<Body: DurableMessage>(_ type: Body.Type) async throws -> [Body] {
    let rows = try await database.read { transaction in
      try transaction.all(
        "SELECT body FROM bus_log WHERE type = ? AND channel = 'scheduler' ORDER BY sequence",
        type.type
      ) { row throws(StorageError) in try row.blob(0) }
    }
    return try rows.map { try JSONDecoder().decode(Body.self, from: Data($0)) }
  }

  /// All that was said of drops of that name, in order.
  func history(_ name: String) async throws -> [Conversion] {
    try await said(ConversionReported.self).map(\.conversion).filter { $0.name == name }
  }

  /// The states of a drop, each said once however often it was said in a row.
  func states(_ name: String) async throws -> [ConversionState] {
    try await history(name).map(\.state).reduce(into: []) { states, state in
      if states.last != state { states.append(state) }
    }
  }

  /// Waits until the last that was said of the drop is one of these.
  @discardableResult
  func drop(
    _ name: String, in states: Set<ConversionState>, within limit: Duration = .seconds(200)
  ) async throws -> Conversion {
    do {
      return try await eventually("\(name) is \(states)", within: limit) {
        let last = try await self.history(name).last
        return last.flatMap { states.contains($0.state) ? $0 : nil }
      }
    } catch {
      let last = try await history(name).last
      throw TestFailure("\(error); last: \(last.map { "\($0)" } ?? "nothing")")
    }
  }

  func log(of conversion: Conversion) -> String {
    (try? DurableFile.read("\(home.conversionLogs)/\(conversion.id).log"))
      .map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  // MARK: Drops

  /// A drop that is written as a whole, from a file of `Samples`.
  func put(_ sample: String, as name: String) async throws {
    try await shell("cp \"$1\" \"$2\"", sample, "\(drops)/\(name)")
  }

  /// Runs a script of a writer, with its arguments.
  @discardableResult
  func shell(_ script: String, _ arguments: String...) async throws -> String {
    let run = try await ChildProcess.run(
      ChildCommand("sh", ["-euc", script, "writer"] + arguments), timeout: .seconds(200))
    guard run.exit.isSuccess else { throw TestFailure("\(script): \(run.exit) \(run.errorText)") }
    return run.text
  }
}

/// Recordings that are made once for all tests of a process.
actor Samples {
  static let shared = Samples()

  private let folder = try? TemporaryFolder()
  private var made: [String: Task<String, any Error>] = [:]

  /// A transport stream of that many seconds, about 0.8 MB each.
  func transportStream(seconds: Int, isInterlaced: Bool = false, tracks: Int = 1) async throws
    -> String
  {
    try await make("ts-\(seconds)-\(isInterlaced)-\(tracks).ts") { path in
      try await BroadcastFile.transportStream(
        path, seconds: Double(seconds), isInterlaced: isInterlaced, tracks: tracks)
    }
  }

  func mp4(seconds: Int) async throws -> String {
    try await make("mp4-\(seconds).mp4") {
      try await BroadcastFile.mp4($0, seconds: Double(seconds))
    }
  }

  private func make(
    _ name: String, _ body: @escaping @Sendable (String) async throws -> Void
  ) async throws -> String {
    guard let folder else { throw TestFailure("no folder for samples") }
    if let task = made[name] { return try await task.value }
    let task = Task {
      try await body(folder(name))
      return folder(name)
    }
    made[name] = task
    return try await task.value
  }
}

/// FFmpeg's opinion of what was made.
func facts(_ path: String) async throws -> MediaFacts {
  let run = try await ChildProcess.run(
    ChildCommand(
      try requires(.ffprobe),
      ["-v", "error", "-show_streams", "-show_format", "-of", "json", "file:" + path]),
    timeout: .seconds(200))
  guard run.exit.isSuccess else { throw TestFailure("ffprobe \(run.exit): \(run.errorText)") }
  return try MediaFacts(json: run.output)
}
