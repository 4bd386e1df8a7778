import Base
import Bus
import FoundationEssentials
import Messages
import Storage
import Subprocess
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// The recorder as a process, with a scheduler that is only a node on the bus.
struct RecorderProcessTests {
  /// The scheduler's end of the bus: gives sets, hears everything.
  final class Desk: Sendable {
    let home: TemporaryFolder
    let database: Database
    let outbox = Outbox()
    let bus: BusNode
    let said: SharedLog<any DurableMessage>
    let pulses: SharedLog<Heartbeat>
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init() async throws {
      home = try TemporaryFolder()
      try Syscall.makeFolders(home("bus"), mode: 0o750)
      let database = try Database(path: home("scheduler.sqlite"), schemas: [BusSchema.schema])
      self.database = database
      let heard = SharedLog<any DurableMessage>()
      let beats = SharedLog<Heartbeat>()
      var handlers = BusHandlers()
      handlers.on(RecordingStarted.self) { message, _, _ in heard.add(message) }
      handlers.on(RecordingFinishing.self) { message, _, _ in heard.add(message) }
      handlers.on(RecordingFinished.self) { message, _, _ in heard.add(message) }
      handlers.on(RecordingFailed.self) { message, _, _ in heard.add(message) }
      handlers.on(CaptureChanged.self) { message, _, _ in heard.add(message) }
      handlers.onTelemetry(Heartbeat.self) { beat, _ in beats.add(beat) }
      let node = RecorderService.scheduler
      bus = try await BusNode(
        settings: TransportSettings(node: node, bind: .ipc(of: node, in: home("bus"))),
        database: database, outbox: outbox, handlers: handlers, log: .silent)
      said = heard
      pulses = beats
      let bus = bus
      task.withLock { $0 = Task { try? await bus.run() } }
    }

    deinit { task.withLock { $0?.cancel() } }

    func give(_ set: some DurableMessage) async throws {
      let outbox = outbox
      try await database.write { transaction in
        _ = try outbox.send(set, to: Studio.node, in: transaction)
      }
    }

    func all<Body: DurableMessage>(_ type: Body.Type) -> [Body] {
      said.all.compactMap { $0 as? Body }
    }

    /// Starts the recorder's program in this home.
    func launch(
      _ extra: [String: String] = [:], program: String? = nil
    ) async throws -> ChildProcess {
      var command = ChildCommand(
        try program ?? BuiltPrograms.path("airloom-recorder"), ["--home", home.path])
      command.environment["WEB_PORT"] = "0"
      command.environment["AIRLOOM_RECORDER_SEGMENT_S"] = "2"
      command.environment["AIRLOOM_RECORDER_LEAD_S"] = "2"
      command.environment.merge(extra) { $1 }
      command.errors = .file(home("recorder.log"))
      command.output = .null
      return try await ChildProcess.start(command)
    }
  }

  final class SharedLog<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
  }

  static func set(_ url: String, _ version: Int64, _ plans: [RecordingPlan]) -> DesiredSet {
    DesiredSet(
      version: version, streams: [StreamDefinition(id: .radio, name: "Radio", urls: [url])],
      recordings: plans)
  }

  @Test func `A set that comes over the bus becomes a file, a verdict moves it aside`() async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let desk = try await Desk()
    let child = try await desk.launch()
    try await eventually("the recorder is heard") { !desk.pulses.all.isEmpty }
    let now = SystemTimeSource().now()
    let show = plan(from: now + .seconds(3), to: now + .seconds(7))
    let set = Self.set(server.url("live"), 1, [show])
    try await desk.give(set)
    try await eventually("the heartbeat shows the set") {
      desk.pulses.all.last?.recorder?.desiredDigest == set.digest
    }
    let finished = try await eventually("it is finished", within: .seconds(150)) {
      desk.all(RecordingFinished.self).first
    }
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.isSeamless && finished.file.gaps == [], "\(report)")
    #expect(desk.all(RecordingStarted.self).count == 1)
    let states = desk.all(CaptureChanged.self).map(\.status.state)
    #expect(states.contains(.capturing), "\(states)")

    // Given again under a greater token, the same file counts under that one.
    var again = show
    again.token = 2
    try await desk.give(Self.set(server.url("live"), 2, [again]))
    try await eventually("it is said again") { desk.all(RecordingFinished.self).count == 2 }
    #expect(desk.all(RecordingFinished.self).last?.token == 2)
    try await desk.give(RecordingSettled(job: show.job, token: 2, isCanonical: false))
    try await eventually("the file is set aside") {
      !FolderListing.exists(finished.file.path)
        && FolderListing.names(in: desk.home("media/recordings/.superseded"))
          .filter { $0.hasSuffix(".mp3") }.count == 1
    }
    source.stop()
    let exit = await child.stop()
    #expect(exit.isSuccess, "\(exit)")
  }

  @Test func `Killed three times in a window, it still makes one recording with exact gaps`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let desk = try await Desk()
    var child = try await desk.launch()
    try await eventually("the recorder is heard") { !desk.pulses.all.isEmpty }
    let now = SystemTimeSource().now()
    let show = plan(from: now + .seconds(3), to: now + .seconds(20))
    try await desk.give(Self.set(server.url("live"), 1, [show]))
    try await eventually("it has begun") { !desk.all(RecordingStarted.self).isEmpty }
    for _ in 0..<3 {
      try await source.send(more: .seconds(3))
      await child.stop(.kill)
      child = try await desk.launch()
    }
    let finished: RecordingFinished
    do {
      finished = try await eventually("it is finished", within: .seconds(150)) {
        desk.all(RecordingFinished.self).first
      }
    } catch {
      Issue.record("\(error)\n\(try desk.home.text("recorder.log"))")
      throw error
    }
    source.stop()
    await child.stop()
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.duplicates.isEmpty && report.reordered.isEmpty && report.corrupt == 0)
    // What is missing is what is told, to a few frames at each joint.
    let missing = frames.frameDuration * report.missing.count
    let told = Duration.microseconds(finished.file.lossUs)
    #expect(told - missing < .milliseconds(300) && missing - told < .milliseconds(300), "\(report)")
    let total = finished.file.durationUs + finished.file.lossUs
    #expect(abs(total - 17_000_000) < 300_000, "\(total)")
    #expect(desk.all(RecordingFinished.self).count == 1)
    #expect(
      FolderListing.names(in: desk.home("media/recordings")).filter { $0.hasSuffix(".mp3") }
        == ["Show.mp3"])
  }
}
