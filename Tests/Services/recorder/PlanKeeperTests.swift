import Base
import Media
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// The recorder's plan carried out against a real Icecast.
struct PlanKeeperTests {
  /// A keeper that runs, and its captures.
  struct Running {
    let keeper: PlanKeeper
    let pool: CapturePool
    let task: Task<Void, any Error>

    func stop() async {
      task.cancel()
      await keeper.setPaused(false)
      await pool.stop()
    }
  }

  static func start(_ studio: Studio, lead: Duration = .seconds(1)) -> Running {
    let pool = CapturePool(studio.environment())
    let keeper = studio.keeper(pool, lead: lead)
    return Running(keeper: keeper, pool: pool, task: Task { try await keeper.run() })
  }

  static func give(
    _ studio: Studio, _ keeper: PlanKeeper, version: Int64, url: String, _ plans: [RecordingPlan]
  ) async throws {
    let set = DesiredSet(
      version: version,
      streams: [StreamDefinition(id: .radio, name: "Radio", urls: [url])], recordings: plans)
    let now = studio.time.now()
    _ = try await studio.database.write { try RecordingCatalog.store(set, at: now, $0) }
    keeper.planChanged()
  }

  static func source(_ server: IcecastServer, _ frames: NumberedFrames) async throws
    -> NumberedIcecastSource
  {
    try await CaptureTests.source(server, frames)
  }

  @Test func `Overlapping recordings of a stream come whole from one connection`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let studio = try Studio()
    let running = Self.start(studio)
    let now = studio.time.now()
    let first = plan("first", from: now + .seconds(2), to: now + .seconds(6), name: "First")
    let second = plan("second", from: now + .seconds(4), to: now + .seconds(8), name: "Second")
    try await Self.give(
      studio, running.keeper, version: 1, url: server.url("live"), [first, second])
    try await eventually("both are finished", within: .seconds(150)) {
      try await studio.said(RecordingFinished.self).count == 2
    }
    await running.stop()
    source.stop()

    let sent = Dictionary(uniqueKeysWithValues: source.log.map { ($0.number, $0.at) })
    for finished in try await studio.said(RecordingFinished.self) {
      let recording = finished.job == first.job ? first : second
      let report = try NumberedReport(fileAt: finished.file.path, of: frames)
      #expect(report.isSeamless, "\(report)")
      #expect(finished.file.gaps == [])
      #expect(abs(finished.file.durationUs - 4_000_000) < 27_000)
      // The first frame began to be on air at the window's start.
      let number = try #require(report.numbers.first)
      let error = try #require(sent[number]) - frames.frameDuration - recording.paddedStart
      #expect(error > .milliseconds(-250) && error < .milliseconds(250), "\(error)")
    }
    let started = try await studio.said(RecordingStarted.self)
    #expect(started.map(\.job) == [first.job, second.job])
    #expect(try await studio.said(RecordingFinishing.self).count == 2)
    // One connection: the tape has one run.
    #expect(try await studio.segments(.radio).count { $0.splice != .continuous } == 1)
    #expect(studio.lateness.count == 2)
    // A loose bound, since all tests share two cores; Benchmarks measure it.
    #expect(studio.lateness.allSatisfy { $0 >= .zero && $0 < .seconds(1) })
    // Nobody needs the stream any more.
    try await eventually("the capture is idle") { studio.told.last?.state == .idle }
  }

  @Test func `A window that has begun is recorded from the tape and the rest is told`() async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let studio = try Studio()
    let running = Self.start(studio)
    let now = studio.time.now()
    // Five seconds ago nobody knew of it; the server's burst brings up to four of them back.
    let late = plan(from: now - .seconds(20), to: now + .seconds(3))
    try await Self.give(studio, running.keeper, version: 1, url: server.url("live"), [late])
    let finished = try await eventually("it is finished", within: .seconds(150)) {
      try await studio.said(RecordingFinished.self).first
    }
    await running.stop()
    source.stop()
    #expect(finished.file.gaps.count == 1)
    let gap = try #require(finished.file.gaps.first)
    #expect(gap.cause == .plannedLate && gap.start == late.paddedStart)
    #expect(try NumberedReport(fileAt: finished.file.path, of: frames).isSeamless)
    let total = finished.file.durationUs + finished.file.lossUs
    #expect(abs(total - 23_000_000) < 60_000, "\(total)")
  }

  @Test func `A stream that never comes is tried to the end and told in one sentence`() async throws
  {
    let studio = try Studio()
    let running = Self.start(studio, lead: .seconds(600))
    let port = try LoopbackPort.free()
    let url = "http://127.0.0.1:\(port)/live"
    let soon = studio.time.now() + .seconds(300)
    try await Self.give(
      studio, running.keeper, version: 1, url: url, [plan(from: soon, to: soon + .seconds(60))])
    try await eventually("it is tried") { studio.told.contains { $0.state == .waiting } }
    // The show is moved to now: other tests on the same two cores cannot make that late.
    let now = studio.time.now()
    let hopeless = plan(from: now, to: now + .seconds(2), token: 2)
    try await Self.give(studio, running.keeper, version: 2, url: url, [hopeless])
    let failed = try await eventually("it failed", within: .seconds(40)) {
      try await studio.said(RecordingFailed.self).first
    }
    await running.stop()
    #expect(studio.time.now() > hopeless.paddedEnd)
    let gaps = try await studio.gaps(.radio)
    #expect(
      failed.reason.contains("connection refused"),
      "\(failed.reason) \(hopeless.paddedStart) \(gaps)")
    #expect(failed.reason.hasPrefix("Nothing was recorded: "))
    #expect(try await studio.said(RecordingFinished.self).isEmpty)
  }

  @Test func `A recording that is called off leaves no file, and the other goes on`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let studio = try Studio()
    let running = Self.start(studio)
    let now = studio.time.now()
    let kept = plan("kept", from: now + .seconds(1), to: now + .seconds(6), name: "Kept")
    let gone = plan("gone", from: now + .seconds(1), to: now + .seconds(5), name: "Gone")
    let url = server.url("live")
    try await Self.give(studio, running.keeper, version: 1, url: url, [kept, gone])
    try await eventually("both run") { try await studio.said(RecordingStarted.self).count == 2 }
    try await Self.give(studio, running.keeper, version: 2, url: url, [kept])
    // An old set that comes late changes nothing.
    try await Self.give(studio, running.keeper, version: 1, url: url, [kept, gone])
    try await eventually("the kept one is finished", within: .seconds(150)) {
      try await studio.said(RecordingFinished.self).count == 1
    }
    await running.stop()
    source.stop()
    #expect(
      !FolderListing.names(in: studio.recordings).contains { $0.hasPrefix(gone.fileName) }
        && FolderListing.names(in: studio.recordings).filter { $0.hasSuffix(".mp3") } == [
          "Kept.mp3"
        ])
    let row = try await studio.database.read { try RecordingCatalog.find(gone.job, $0) }
    #expect(row?.phase == .dropped)
  }

  @Test func `After a restart in the middle of a window it is still one recording`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let before = try Studio()
    let first = Self.start(before)
    let now = before.time.now()
    let show = plan(from: now + .seconds(1), to: now + .seconds(10))
    try await Self.give(before, first.keeper, version: 1, url: server.url("live"), [show])
    try await eventually("half of it is there") {
      try await before.segments(.radio).count >= 3
    }
    // A kill: what is on disk is all that the next process has, a part file among it.
    let after = try await Studio(copyOf: before)
    await first.stop()
    let salvage = try await TapeReconciler(root: after.tapeRoot).run(after.database, log: .silent)
    #expect(salvage.salvaged == 1)
    let second = Self.start(after)
    second.keeper.planChanged()
    let finished = try await eventually("it is finished", within: .seconds(150)) {
      try await after.said(RecordingFinished.self).first
    }
    await second.stop()
    source.stop()
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(report.isSeamless, "\(report)")
    #expect(finished.file.gaps == [])
    #expect(abs(finished.file.durationUs - 9_000_000) < 60_000)
    #expect(try await after.said(RecordingStarted.self).count == 1)
  }

  @Test func `While paused nothing begins, and what was due begins when it is over`() async throws {
    let studio = try Studio()
    let running = Self.start(studio)
    await running.keeper.setPaused(true)
    let now = studio.time.now()
    let show = plan(from: now, to: now + .seconds(60))
    try await Self.give(
      studio, running.keeper, version: 1, url: "http://127.0.0.1:1/", [show])
    try await eventually("the plan is known") {
      await running.keeper.counts()[.planned] == 1
    }
    #expect(running.pool.activeCount == 0)
    await running.keeper.setPaused(false)
    try await eventually("it has begun") { try await studio.said(RecordingStarted.self).count == 1 }
    #expect(running.pool.activeCount == 1)
    await running.stop()
  }

  @Test func `A window that ends while the database is slow is closed all the same`() async throws {
    let studio = try Studio()
    let running = Self.start(studio)
    let now = studio.time.now()
    let first = plan("first", from: now, to: now + .seconds(2))
    let second = plan("second", from: now, to: now + .milliseconds(2500))
    try await Self.give(
      studio, running.keeper, version: 1, url: "http://127.0.0.1:1/", [first, second])
    try await eventually("both run") { try await studio.said(RecordingStarted.self).count == 2 }
    // The first one's end is being written while the second one's passes.
    try await eventually("it is nearly over") {
      studio.time.now() > first.paddedEnd - .milliseconds(100)
    }
    _ = try await studio.database.write { _ in
      try eventuallyBlocking("the second one is over") {
        studio.time.now() > second.paddedEnd + .milliseconds(500)
      }
    }
    try await eventually("both are closed") {
      try await studio.said(RecordingFinishing.self).count == 2
    }
    await running.stop()
  }
}
