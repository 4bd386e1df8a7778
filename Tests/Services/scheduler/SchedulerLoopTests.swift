import Base
import Bus
import Configuration
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_scheduler

/// The loop with the machine's own clock: that it wakes when something is due, when something is
/// signalled, and ends when it is told to.
@Suite struct SchedulerLoopTests {
  @Test func wakesForWhatIsDueAndForWhatIsSignalledAndEndsWhenCancelled() async throws {
    let folder = try TemporaryFolder()
    let database = try Database(
      path: folder("scheduler.sqlite"), schemas: SchedulerService.schemas)
    let service = try SchedulerService(
      settings: Settings().scheduler, database: database, outbox: Outbox(), log: .silent)
    let loop = Task { try await service.scheduler.run() }

    let start = SystemTimeSource().now() + .milliseconds(200)
    let desk = service.desk
    try await database.write { transaction in
      let stream = StreamDefinition(
        id: SchedulerBench.radio, name: "Radio", urls: ["http://127.0.0.1:1/"])
      _ = try desk.put(PutStream(stream: stream, mustBeNew: true), transaction)
      let schedule = SchedulerBench.once(at: start, seconds: 1)
      _ = try desk.put(PutSchedule(schedule: schedule, mustBeNew: true), transaction)
    }
    func recording() async throws -> Recording? {
      try await database.read { try RecordingCatalog.newest(10, $0).first?.recording }
    }
    // Signalled by the command: it says why it waits. Due after a second: it is missed.
    try await eventually("the recording waits") { try await recording()?.reason != nil }
    try await eventually("the recording is missed") { try await recording()?.state == .missed }
    #expect(SystemTimeSource().now() >= start + .seconds(1))

    loop.cancel()
    try await loop.value
  }
}
