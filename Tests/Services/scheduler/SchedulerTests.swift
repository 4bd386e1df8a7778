import Base
import Messages
import Metrics
import Storage
import Synchronization
import TestSupport
import Testing

@testable import airloom_scheduler

@Suite struct SchedulerTests {
  private let bench: SchedulerBench
  private let one = SchedulerBench.recorder1
  private let two = SchedulerBench.recorder2

  init() throws { bench = try SchedulerBench() }

  @Test func aPlannedRecordingIsGivenToTheRecorderThatIsThere() async throws {
    let entry = try await bench.assigned()
    #expect(entry.recording.node == one)
    #expect(entry.recording.token == 1)
    let set = try #require(try await bench.desired(one))
    #expect(set.streams.map(\.id) == [SchedulerBench.radio])
    #expect(set.recordings.map(\.job) == [entry.id])
    #expect(set.recordings.first?.fileName == entry.fileName)
  }

  @Test func aSetIsSentOnceAndNotAgainWhileTheRecorderHoldsIt() async throws {
    _ = try await bench.assigned()
    let before = try await bench.said(DesiredSet.self).count
    for _ in 0..<30 {
      bench.advance(.seconds(1))
      try await bench.heartbeat(one)
      try await bench.step()
    }
    #expect(try await bench.said(DesiredSet.self).count == before)
  }

  @Test func aRecorderThatShowsAnotherSetIsSentItsSetAgainUnderAHigherVersion() async throws {
    _ = try await bench.assigned()
    let before = try #require(try await bench.desired(one))
    for (version, digest) in [(Int64(0), ""), (before.version + 7, "other")] {
      bench.advance(.seconds(11))
      let last = try #require(try await bench.desired(one)).version
      try bench.heartbeat(
        one,
        load: RecorderLoad(
          freeCaptures: 10, activeCaptures: 0, diskFreeBytes: 1 << 40, desiredVersion: version,
          desiredDigest: digest))
      try await bench.step()
      let again = try #require(try await bench.desired(one))
      #expect(again.version > max(last, version))
      #expect(again.recordings == before.recordings)
    }
  }

  @Test func withoutARecorderItWaitsSaysWhyAndIsMissedWithThatReason() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try await bench.step()
    let waiting = try await bench.only().recording
    #expect(waiting.state == .planned)
    #expect(waiting.reason == "No recorder is connected.")
    bench.advance(.seconds(121))
    try await bench.step()
    let missed = try await bench.only().recording
    #expect(missed.state == .missed)
    #expect(missed.reason == "No recorder is connected.")
  }

  @Test func aRecorderThatComesLateStillGetsTheRest() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try await bench.step()
    bench.advance(.seconds(90))
    try await bench.heartbeat(one)
    try await bench.step()
    #expect(try await bench.only().recording.node == one)
  }

  @Test func aPausedRecorderAndAFullDiskGetNothingNew() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one, state: .paused)
    try await bench.heartbeat(two, disk: 1000)
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try await bench.step()
    #expect(try await bench.only().recording.state == .planned)
    try await bench.heartbeat(one)
    try await bench.step()
    #expect(try await bench.only().recording.node == one)
  }

  @Test func whatASilentRecorderHasIsGivenToAnotherUnderAHigherToken() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(10))
    try await bench.heartbeat(two)
    try await bench.step()
    #expect(try await bench.only().recording.node == one, "it was silent for 10 s only")
    bench.advance(.seconds(6))
    try await bench.heartbeat(two)
    try await bench.step()
    let moved = try await bench.only().recording
    #expect(moved.node == two)
    #expect(moved.token == entry.recording.token + 1)
    #expect(try await bench.desired(one)?.recordings.isEmpty == true)
  }

  @Test func whatASilentRecorderHasStaysWithItWhereThereIsNoOther() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(70))
    try await bench.step()
    let doubtful = try await bench.only().recording
    #expect(doubtful.state == .assigned)
    #expect(doubtful.node == one)
    #expect(doubtful.reason?.contains("not heard from") == true)
    try await bench.heartbeat(one)
    try await bench.step()
    let back = try await bench.only().recording
    #expect(back.reason == nil)
    #expect(back.token == entry.recording.token)
  }

  @Test func aRecorderThatReturnsLongAfterTheEndMayStillBringItsFile() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(3 * 3600))
    try await bench.step()
    #expect(try await bench.only().recording.state == .assigned)
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: one)
    #expect(try await bench.only().recording.state == .committed)
  }

  @Test func aRecorderThatNeverReturnsLeavesAMissedRecording() async throws {
    _ = try await bench.assigned()
    bench.advance(.seconds(13 * 3600))
    try await bench.step()
    let missed = try await bench.only().recording
    #expect(missed.state == .missed)
    #expect(missed.reason == "recorder-1 had it and was not heard from again.")
  }

  @Test func aStepOfTheWallClockTakesNoRecorderForLost() async throws {
    let entry = try await bench.assigned()
    try await bench.heartbeat(two)
    bench.time.stepWallClock(by: .seconds(3600))
    try bench.service.signals.note { $0.isClockStepped = true }
    try await bench.step()
    let after = try await bench.find(entry.id)
    #expect(after.node == one)
    #expect(after.token == 1)
    bench.time.stepWallClock(by: .seconds(-7200))
    try bench.service.signals.note { $0.isClockStepped = true }
    try await bench.step()
    #expect(try await bench.recordings().count == 1)
  }

  @Test func eachDayIsPlannedADayAhead() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    for _ in 0..<5 {
      bench.advance(.seconds(86_400))
      try await bench.step()
    }
    #expect(
      try await bench.recordings().map { $0.recording.start.formatted() } == [
        "2026-11-21T20:00:00", "2026-11-22T20:00:00", "2026-11-23T20:00:00",
        "2026-11-24T20:00:00", "2026-11-25T20:00:00", "2026-11-26T20:00:00",
      ])
    let next = try #require(try await bench.said(ScheduleChanged.self).last?.message.next.first)
    #expect(next == Instant("2026-11-26T20:00:00Z"))
  }

  @Test func afterADowntimeWhatARecorderHadIsItsOwnAndWhatNobodyPlannedIsMissed() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one)
    try await bench.put(SchedulerBench.schedule())
    try await bench.step()
    let planned = try await bench.only()
    bench.advance(.seconds(3 * 86_400))
    try bench.crash()
    try await bench.heartbeat(one)
    try await bench.step()
    try await bench.event(
      RecordingFinished(job: planned.id, token: 1, file: SchedulerBench.file()), from: one)
    let after = try await bench.recordings().map(\.recording)
    #expect(after.map(\.state) == [.committed, .missed, .missed, .assigned])
    #expect(after[1].reason == RecordingBook.plannedTooLate)
  }

  @Test func whatIsOnAirWhenTheSchedulerReturnsIsRecordedFromThereOn() async throws {
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule())
    try bench.crash()
    bench.advance(.seconds(86_400 + 8 * 3600 + 600))
    try await bench.heartbeat(one)
    try await bench.step()
    let recordings = try await bench.recordings().map(\.recording)
    #expect(recordings.map(\.state) == [.missed, .assigned, .assigned])
    #expect(recordings[1].start == Instant("2026-11-22T20:00:00Z"))
  }

  @Test func aRestartPlansAndAssignsNothingTwice() async throws {
    let entry = try await bench.assigned()
    let sets = try await bench.said(DesiredSet.self).count
    let changes = try await bench.said(RecordingChanged.self).count
    for _ in 0..<3 {
      try bench.crash()
      try await bench.heartbeat(one)
      try await bench.step()
    }
    #expect(try await bench.find(entry.id) == entry.recording)
    #expect(try await bench.said(DesiredSet.self).count == sets)
    #expect(try await bench.said(RecordingChanged.self).count == changes)
  }

  @Test func aCrashRightAfterACommandLosesNothingOfIt() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one)
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try bench.crash()
    try await bench.heartbeat(one)
    try await bench.step()
    #expect(try await bench.only().recording.node == one)
    #expect(try await bench.desired(one)?.recordings.count == 1)
  }

  @Test func aChangedStreamIsToldToWhoeverRecordsIt() async throws {
    _ = try await bench.assigned()
    try await bench.command(
      PutStream(
        stream: StreamDefinition(
          id: SchedulerBench.radio, name: "Radio", urls: ["http://other.test/"]),
        mustBeNew: false))
    try await bench.step()
    #expect(try await bench.desired(one)?.streams.first?.urls == ["http://other.test/"])
  }

  @Test func oneStreamIsConnectedOnceAndOthersAreSpread() async throws {
    try await bench.heartbeat(one, captures: 2)
    try await bench.heartbeat(two, captures: 2)
    for number in 0..<4 {
      let stream = StreamID(unchecked: "s\(number)")
      try await bench.addStream(stream)
      for part in ["a", "b"] {
        try await bench.put(SchedulerBench.schedule("\(part)\(number)", stream: stream))
      }
    }
    try await bench.step()
    let recordings = try await bench.recordings().map(\.recording)
    #expect(recordings.allSatisfy { $0.state == .assigned })
    for (_, both) in Dictionary(grouping: recordings, by: \.stream) {
      #expect(Set(both.map(\.node)).count == 1, "one connection serves both shows")
    }
    let nodes = Dictionary(grouping: recordings, by: \.node).mapValues { Set($0.map(\.stream)) }
    #expect(nodes.values.allSatisfy { $0.count == 2 })
  }

  @Test func moreThanTheRecordersTakeWaitsWithTheReason() async throws {
    try await bench.heartbeat(one, captures: 1)
    for name in ["s1", "s2"] {
      let stream = StreamID(unchecked: name)
      try await bench.addStream(stream)
      var schedule = SchedulerBench.once(name, at: bench.time.now() + .seconds(60))
      schedule.stream = stream
      try await bench.put(schedule)
    }
    try await bench.step()
    let waiting = try await bench.recordings().map(\.recording).filter { $0.state == .planned }
    #expect(waiting.count == 1)
    #expect(waiting.first?.reason?.contains("as many streams") == true)
    try await bench.heartbeat(two, captures: 1)
    try await bench.step()
    #expect(
      Set(try await bench.recordings().map(\.recording.node)) == [one, two])
  }

  @Test func anUpdateOfTheTimeZonesMovesWhatIsPlannedByThem() async throws {
    let folder = try TemporaryFolder()
    func copy(_ zone: String, to name: String) throws {
      try folder.file(name, DurableFile.read("/usr/share/zoneinfo/\(zone)"))
    }
    try copy("Europe/Berlin", to: "Europe/Berlin")
    try copy("Europe/Berlin", to: "Home")
    let bench = try SchedulerBench(zones: TimeZoneLibrary(folder: folder.path))
    try await bench.addStream()
    try await bench.put(SchedulerBench.schedule("show", "0 20 * * *", zone: "Home"))
    try await bench.step()
    #expect(try await bench.only().recording.start == Instant("2026-11-21T19:00:00Z"))
    try copy("Europe/Helsinki", to: "Home")
    bench.advance(.seconds(600))
    try await bench.step()
    let recordings = try await bench.recordings().map(\.recording)
    #expect(
      recordings.map(\.start) == [
        Instant("2026-11-21T18:00:00Z"), Instant("2026-11-21T19:00:00Z"),
      ])
    #expect(recordings.map(\.state) == [.planned, .cancelled])
  }

  @Test func whilePausedNothingNewIsGivenOutAndWhatWasGoesOn() async throws {
    let entry = try await bench.assigned()
    bench.switches.isRunning.withLock { $0 = false }
    try await bench.put(SchedulerBench.once("other", at: bench.time.now() + .seconds(90)))
    try await bench.step()
    let others = try await bench.recordings().map(\.recording).filter { $0.id != entry.id }
    #expect(others.map(\.state) == [.planned])
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: one)
    #expect(try await bench.find(entry.id).state == .committed)
    bench.switches.isRunning.withLock { $0 = true }
    try await bench.step()
    #expect(try await bench.recordings().map(\.recording.state) == [.committed, .assigned])
  }

  @Test func aDatabaseThatFailsForAWhileCostsNothingButTime() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one)
    try await bench.put(SchedulerBench.schedule())
    try await bench.step()
    try await bench.database.write { _ = try $0.execute("ALTER TABLE recordings RENAME TO away") }
    bench.advance(.seconds(9 * 3600))
    try await bench.heartbeat(one)
    for _ in 0..<3 { try await bench.step() }
    #expect(bench.switches.fault.withLock { $0 }?.contains("recordings") == true)
    try await bench.database.write { _ = try $0.execute("ALTER TABLE away RENAME TO recordings") }
    try await bench.step()
    #expect(bench.switches.fault.withLock { $0 } == nil)
    let recordings = try await bench.recordings().map(\.recording)
    #expect(recordings.map(\.state) == [.assigned, .assigned])
  }

  @Test func itsMetricsCountWhatHappened() async throws {
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: one)
    bench.advance(.seconds(10))
    try await bench.heartbeat(one)
    try await bench.step()
    let text = bench.metrics.text
    for line in [
      "airloom_scheduler_recording_changes_total{state=\"committed\"} 1",
      "airloom_scheduler_unfinished_recordings{state=\"assigned\"} 0",
      "airloom_scheduler_recorders{presence=\"present\"} 1",
    ] {
      #expect(text.contains(line), "\(text)")
    }
  }

  @Test("A recorder is given its share of very many schedules, and a change finds its place")
  func manySchedules() async throws {
    let count = 2000
    try await bench.addStream()
    let now = bench.time.now()
    try await bench.database.write { transaction in
      for number in 0..<count {
        let schedule = SchedulerBench.schedule(
          "s\(number)", "\(number % 60) \(number / 60 % 24) * * *", seconds: 60)
        try ScheduleCatalog.save(
          StoredSchedule(definition: schedule, plannedThrough: now), at: now, transaction)
      }
    }
    try await bench.heartbeat(one, captures: 50)
    try await bench.step()
    func heldCount() async throws -> Int {
      let now = bench.time.now()
      return try await bench.database.read { try RecordingCatalog.heldWindows(at: now, $0).count }
    }
    #expect(try await heldCount() == count)
    #expect(try await bench.desired(one)?.recordings.count == Scheduler.mostPlans)
    try await bench.put(SchedulerBench.schedule("s\(count)", "5 5 * * *", seconds: 60))
    try await bench.step()
    #expect(try await heldCount() == count + 1)
  }
}
