import Base
import Messages
import Storage
import TestSupport
import Testing

@testable import Bus
@testable import airloom_scheduler

@Suite struct TapeCommandTests {
  private let bench: SchedulerBench
  private let one = SchedulerBench.recorder1
  private let two = SchedulerBench.recorder2

  init() throws { bench = try SchedulerBench() }

  private func keep(_ start: Int64, _ end: Int64) -> KeepTape {
    let now = bench.time.now()
    return KeepTape(
      stream: SchedulerBench.radio, title: "Goal", start: now + .seconds(start),
      end: now + .seconds(end), format: .flac, finishing: FinishOptions(loudness: -23),
      destinations: [DestinationID(unchecked: "archive")])
  }

  private func captured(by node: NodeID) async throws {
    try await bench.event(
      CaptureChanged(
        status: CaptureStatus(
          stream: SchedulerBench.radio, node: node, state: .idle, since: bench.time.now())),
      from: node)
  }

  @Test func aPastSpanIsMadeByWhoeverHasTheTapeAndTheCommandCountsOnce() async throws {
    try await bench.addStream()
    for node in [one, two] { try await bench.heartbeat(node) }
    try await captured(by: two)
    let id = MessageID(unchecked: "keep-1")
    let command = keep(-1800, -600)
    for _ in 0..<2 { #expect(try await bench.command(command, id: id).refusal == nil) }
    try await bench.step()
    let entry = try await bench.only()
    #expect(entry.id == CommandDesk.job(of: id))
    #expect(entry.recording.schedule.text == "manual" && entry.recording.node == two)
    let plan = try #require(try await bench.desired(two)?.recordings.first)
    #expect(plan.format == .flac && plan.finishing?.loudness == -23)
    #expect(plan.paddedStart == command.start && plan.paddedEnd == command.end)
    #expect(plan.tags.title?.hasSuffix("Goal") == true)
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: two)
    #expect(try await bench.only().recording.state == .committed)
  }

  @Test func whatOneTapeDoesNotHaveIsLookedForOnTheOthers() async throws {
    try await bench.addStream()
    for node in [one, two] {
      try await bench.heartbeat(node)
      try await captured(by: node)
    }
    try await bench.command(keep(-1800, -600))
    try await bench.step()
    let entry = try await bench.only()
    #expect(entry.recording.node == one)
    try await bench.event(
      RecordingFailed(job: entry.id, token: 1, reason: "Nothing was recorded."), from: one)
    try await bench.step()
    #expect(try await bench.only().recording.node == two)
    try await bench.event(
      RecordingFailed(job: entry.id, token: 2, reason: "Nothing was recorded."), from: two)
    #expect(try await bench.only().recording.state == .missed)
  }

  @Test func aTapeWhoseRecorderIsAwayIsWaitedFor() async throws {
    try await bench.addStream()
    try await captured(by: two)
    try await bench.command(keep(-1800, -600))
    try await bench.heartbeat(one)
    try await bench.step()
    #expect(try await bench.only().recording.reason?.contains("recorder-2") == true)
    bench.advance(.seconds(3600))
    for node in [one, two] { try await bench.heartbeat(node) }
    try await bench.step()
    #expect(try await bench.only().recording.node == two)
  }

  @Test func aSpanOfLongAgoHasItsTimeToo() async throws {
    try await bench.addStream()
    try await captured(by: one)
    bench.advance(.seconds(3 * 86_400))
    try await bench.heartbeat(one)
    try await bench.command(keep(-2 * 86_400, -2 * 86_400 + 600))
    for _ in 0..<5 {
      try await bench.step()
      bench.advance(.seconds(30))
      try await bench.heartbeat(one)
    }
    let entry = try await bench.only()
    #expect(entry.recording.node == one && !entry.recording.state.isFinal)
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: one)
    #expect(try await bench.only().recording.state == .committed)
  }

  @Test func aSpanToComeIsRecordedAsAShowIs() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one)
    try await bench.command(keep(-60, 600))
    try await bench.step()
    #expect(try await bench.only().recording.state == .assigned)
  }

  @Test func whatCannotBeKeptIsRefused() async throws {
    #expect(try await bench.command(keep(-60, 60)).refusal == .notFound)
    try await bench.addStream()
    #expect(try await bench.command(keep(-60, -30)).refusal == .conflict, "never captured")
    #expect(try await bench.command(keep(60, 60)).field == "end")
    #expect(try await bench.command(keep(0, 8 * 86_400)).field == "end")
    #expect(try await bench.recordings().isEmpty)
  }

  @Test func theEndOfWhatIsCommittedIsMovedAndTheFileMadeAgain() async throws {
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file("first.mp3")), from: one)
    bench.advance(.seconds(300))
    try await bench.heartbeat(one)
    let end = entry.recording.end + .seconds(120)
    #expect(try await bench.command(EndRecording(recording: entry.id, end: end)).refusal == nil)
    let open = try await bench.find(entry.id)
    #expect(open.state == .finishing && open.token == 2 && open.paddedEnd == end)
    #expect(open.file?.name == "first.mp3", "it can be heard until then")
    try await bench.step()
    #expect(try await bench.desired(one)?.recordings.map(\.token) == [2])
    // An old word changes nothing.
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file("first.mp3")), from: one)
    #expect(try await bench.find(entry.id).state == .finishing)
    try await bench.event(
      RecordingFinished(job: entry.id, token: 2, file: SchedulerBench.file("longer.mp3")),
      from: one)
    let again = try await bench.find(entry.id)
    #expect(again.state == .committed && again.file?.name == "longer.mp3" && again.end == end)
    let deliveries = try await bench.said(Deliver.self).map(\.message)
    #expect(deliveries.map(\.file.name) == ["first.mp3", "longer.mp3"])
    #expect(Set(deliveries.map(\.delivery)).count == 2)
    #expect(
      try await bench.said(DiscardDelivery.self).map(\.message.delivery).contains(
        deliveries[0].delivery))
  }

  @Test func whatCannotBeMadeLongerStaysAsItWas() async throws {
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file("first.mp3")), from: one)
    bench.advance(.seconds(300))
    let end = entry.recording.end + .seconds(60)
    for (token, isWorse) in [(Int64(2), false), (3, true)] {
      try await bench.command(EndRecording(recording: entry.id, end: end))
      if isWorse {
        var file = SchedulerBench.file("poor.mp3")
        file.gaps = [
          Gap(
            start: entry.recording.start, end: entry.recording.start + .seconds(30),
            cause: .notKept, detail: "It was removed.")
        ]
        try await bench.event(
          RecordingFinished(job: entry.id, token: token, file: file), from: one)
      } else {
        try await bench.event(
          RecordingFailed(job: entry.id, token: token, reason: "The tape is gone."), from: one)
      }
      let kept = try await bench.find(entry.id)
      #expect(kept.state == .committed && kept.file?.name == "first.mp3")
      #expect(kept.end == entry.recording.end && kept.reason != nil)
    }
    #expect(try await bench.said(Deliver.self).count == 1)
    #expect(try await bench.said(RecordingSettled.self).last?.message.isCanonical == false)
    let refused = try await bench.command(
      EndRecording(recording: entry.id, end: entry.recording.end - .seconds(5)))
    #expect(refused.refusal == .conflict)
  }

  @Test func aSpanIsLockedSaidAndLetGo() async throws {
    _ = try await bench.assigned()
    try await captured(by: one)
    let now = bench.time.now()
    func lock(_ start: Int64, _ end: Int64) -> TapeLock {
      TapeLock(
        stream: SchedulerBench.radio, start: now + .seconds(start), end: now + .seconds(end),
        reason: "Court case")
    }
    try await bench.command(LockTape(lock: lock(-600, -300), isLocked: true))
    try await bench.command(LockTape(lock: lock(-100, 0), isLocked: true))
    try await bench.step()
    #expect(try await bench.desired(one)?.locks == [lock(-600, -300), lock(-100, 0)])
    #expect(try await bench.said(TapeLocksChanged.self).last?.message.locks.count == 2)
    try await bench.command(LockTape(lock: lock(-700, -200), isLocked: false))
    try await bench.step()
    #expect(try await bench.desired(one)?.locks == [lock(-100, 0)])
    let nothing = try await bench.command(LockTape(lock: lock(-700, -200), isLocked: false))
    #expect(nothing.refusal == nil && nothing.text != nil)
    #expect(try await bench.command(LockTape(lock: lock(5, 5), isLocked: true)).field == "end")
  }

  @Test func theTapeStaysUntilItsFileIsDelivered() async throws {
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingFinished(job: entry.id, token: 1, file: SchedulerBench.file()), from: one)
    try await bench.step()
    let window = entry.window
    #expect(
      try await bench.desired(one)?.locks?.map { [$0.start, $0.end] } == [
        [window.start, window.end]
      ])
    let delivery = try #require(try await bench.said(Deliver.self).first?.message)
    func tell(_ state: DeliveryState) async throws {
      try await bench.event(
        DeliveryChanged(
          delivery: Delivery(
            id: delivery.delivery, recording: entry.id, destination: delivery.destination,
            state: state, fileName: "show.mp3", bytes: 1000, updatedAt: bench.time.now())),
        from: NodeID(unchecked: "delivery"))
      try await bench.step()
    }
    try await tell(.dead)
    #expect(try await bench.desired(one)?.locks?.count == 1)
    try await tell(.delivered)
    #expect(try await bench.desired(one)?.locks == nil)
  }

  @Test func whatCameDueWhileNobodyPlannedIsMadeOutOfTheTape() async throws {
    try await bench.addStream()
    try await bench.heartbeat(one)
    try await captured(by: one)
    try await bench.put(SchedulerBench.schedule())
    var without = SchedulerBench.schedule("without")
    without.catchesUp = false
    try await bench.put(without)
    bench.advance(.seconds(86_400 + 10 * 3600))
    try bench.crash()
    try await bench.heartbeat(one)
    try await bench.step()
    let all = try await bench.recordings().map(\.recording)
    let second = all.filter { $0.start == Instant("2026-11-22T20:00:00Z") }
    #expect(second.first { $0.schedule.text == "show" }?.node == one)
    #expect(second.first { $0.schedule.text == "without" }?.state == .missed)
    #expect(
      second.first { $0.schedule.text == "without" }?.reason == RecordingBook.plannedTooLate)
  }
}
