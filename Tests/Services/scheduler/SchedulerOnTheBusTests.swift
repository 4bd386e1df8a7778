import Base
import Bus
import Configuration
import Messages
import Storage
import Synchronization
import TestSupport
import Testing

@testable import airloom_scheduler

/// The scheduler as its peers meet it: whole nodes, real databases, real sockets.
@Suite struct SchedulerOnTheBusTests {
  private let folder: TemporaryFolder
  private let endpoints: Endpoints
  private let delivery = NodeID(unchecked: "delivery")

  init() throws {
    folder = try TemporaryFolder()
    try Syscall.makeFolders(folder("bus"), mode: 0o750)
    endpoints = Endpoints.ipc(of: NodeID(unchecked: "scheduler"), in: folder("bus"))
  }

  @Test func aScheduleBecomesARecordingThatIsDelivered() async throws {
    let heard = Heard()
    let gateway = try await peer("gateway", follows: true, heard)
    let recorder = try await peer("recorder-1", follows: false, heard)
    let receiver = try await peer("delivery", bind: true, follows: false, heard)
    let scheduler = try await Scheduling(folder, endpoints, delivery)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for bus in [gateway.bus, recorder.bus, receiver.bus, scheduler.bus] {
        group.addTask { await #expect(throws: Never.self) { try await bus.run() } }
      }
      group.addTask { try await scheduler.service.scheduler.run() }
      group.addTask {
        while !Task.isCancelled {
          recorder.bus.report(recorder.heartbeat)
          // The recorder's own pace; nothing waits for a particular beat.
          try await Task.sleep(for: .milliseconds(100))
        }
      }
      try await gateway.say(
        PutStream(
          stream: StreamDefinition(
            id: SchedulerBench.radio, name: "Radio", urls: ["http://127.0.0.1:1/"]),
          mustBeNew: true))
      let start = SystemTimeSource().now() + .seconds(1)
      try await gateway.say(
        PutSchedule(schedule: SchedulerBench.once(at: start), mustBeNew: true))
      let set = try await eventually("the recorder has its set") {
        heard.last(DesiredSet.self) { !$0.recordings.isEmpty }
      }
      let plan = try #require(set.recordings.first)
      #expect(plan.start == start)
      try await recorder.say(RecordingStarted(job: plan.job, token: plan.token, at: start))
      try await recorder.say(
        RecordingFinished(job: plan.job, token: plan.token, file: SchedulerBench.file()))
      let request = try await eventually("the file is to be delivered") {
        heard.last(Deliver.self) { $0.recording == plan.job }
      }
      #expect(request.destination.text == "archive")
      let settled = try await eventually("the recorder is told") {
        heard.last(RecordingSettled.self) { $0.job == plan.job }
      }
      #expect(settled.isCanonical)
      try await eventually("the gateway knows") {
        heard.last(RecordingChanged.self) { $0.recording.state == .committed } != nil
      }
      group.cancelAll()
    }
  }

  private func peer(
    _ name: String, bind: Bool = false, follows: Bool, _ heard: Heard
  ) async throws -> Peer {
    let node = NodeID(unchecked: name)
    return try await Peer(
      TransportSettings(
        node: node, bind: bind ? Endpoints.ipc(of: node, in: folder("bus")) : nil,
        peers: bind ? [:] : [NodeID(unchecked: "scheduler"): endpoints]), folder, follows: follows,
      heard)
  }
}

/// The scheduler with its bus.
private struct Scheduling {
  let service: SchedulerService
  let bus: BusNode

  init(_ folder: TemporaryFolder, _ endpoints: Endpoints, _ delivery: NodeID) async throws {
    let database = try Database(
      path: folder("scheduler.sqlite"), schemas: SchedulerService.schemas)
    let outbox = Outbox()
    service = try SchedulerService(
      settings: Settings().scheduler, database: database, outbox: outbox, log: .silent)
    bus = try await BusNode(
      settings: TransportSettings(
        node: NodeID(unchecked: "scheduler"), bind: endpoints,
        peers: [delivery: Endpoints.ipc(of: delivery, in: folder("bus"))]), database: database,
      outbox: outbox, handlers: service.handlers, log: .silent)
  }
}

/// What all peers have heard.
private final class Heard: Sendable {
  private let messages = Mutex<[any DurableMessage]>([])

  func add(_ message: any DurableMessage) { messages.withLock { $0.append(message) } }

  func last<Body: DurableMessage>(_: Body.Type, where test: (Body) -> Bool) -> Body? {
    messages.withLock { all in all.reversed().lazy.compactMap { $0 as? Body }.first(where: test) }
  }
}

/// A node that writes down what it hears and says what the test wants said to the scheduler.
private struct Peer: Sendable {
  let node: NodeID
  let database: Database
  let outbox = Outbox()
  let bus: BusNode

  init(
    _ settings: TransportSettings, _ folder: TemporaryFolder, follows: Bool, _ heard: Heard
  ) async throws {
    node = settings.node
    database = try Database(path: folder("\(node).sqlite"), schemas: [BusSchema.schema])
    var handlers = BusHandlers()
    handlers.on(DesiredSet.self) { message, _, _ in heard.add(message) }
    handlers.on(RecordingSettled.self) { message, _, _ in heard.add(message) }
    handlers.on(Deliver.self) { message, _, _ in heard.add(message) }
    handlers.on(StreamChanged.self) { message, _, _ in heard.add(message) }
    handlers.on(ScheduleChanged.self) { message, _, _ in heard.add(message) }
    handlers.on(RecordingChanged.self) { message, _, _ in heard.add(message) }
    handlers.on(CommandOutcome.self) { message, _, _ in heard.add(message) }
    if follows { handlers.follow(NodeID(unchecked: "scheduler")) { _ in } }
    bus = try await BusNode(
      settings: settings, database: database, outbox: outbox, handlers: handlers, log: .silent)
  }

  var heartbeat: Heartbeat {
    Heartbeat(
      node: node, service: "recorder", version: "test", state: .running, startedAt: .epoch,
      progress: 0, residentBytes: 0,
      recorder: RecorderLoad(
        freeCaptures: 4, activeCaptures: 0, diskFreeBytes: 1 << 40, desiredVersion: 0,
        desiredDigest: ""))
  }

  func say(_ message: some DurableMessage) async throws {
    let outbox = outbox
    try await database.write { transaction in
      _ = try outbox.send(message, to: NodeID(unchecked: "scheduler"), in: transaction)
    }
  }
}
