import Base
import Messages
import TestSupport
import Testing

@testable import airloom_scheduler

@Suite struct SecondRecorderTests {
  private let bench: SchedulerBench
  private let one = SchedulerBench.recorder1
  private let two = SchedulerBench.recorder2

  init() throws { bench = try SchedulerBench() }

  private func file(_ name: String, lossMilliseconds: Int64) -> FinishedFile {
    var file = SchedulerBench.file(name)
    if lossMilliseconds > 0 {
      let start = bench.time.now()
      file.gaps = [
        Gap(
          start: start, end: start + .milliseconds(lossMilliseconds), cause: .sourceClosed,
          detail: "The source closed the connection.")
      ]
    }
    return file
  }

  private func finished(
    _ job: JobID, _ token: Int64, _ name: String, loss: Int64 = 0, from node: NodeID
  ) async throws {
    try await bench.event(
      RecordingFinished(job: job, token: token, file: file(name, lossMilliseconds: loss)),
      from: node)
  }

  /// A recording of a doubled stream that two recorders have, its window over.
  private func doubled() async throws -> (job: JobID, first: NodeID, second: NodeID) {
    try await bench.command(
      PutStream(
        stream: StreamDefinition(
          id: SchedulerBench.radio, name: "Radio", urls: ["http://127.0.0.1:1/"],
          isDoubled: true), mustBeNew: true))
    for node in [one, two] { try await bench.heartbeat(node) }
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try await bench.step()
    let recording = try await bench.only().recording
    let (first, second) = (try #require(recording.node), try #require(recording.spare))
    #expect(Set([first, second]) == [one, two])
    bench.advance(.seconds(121))
    for node in [one, two] { try await bench.heartbeat(node) }
    try await bench.step()
    return (recording.id, first, second)
  }

  @Test func bothAreToldAndOnlyOneMakesTheFile() async throws {
    let (job, first, second) = try await doubled()
    let plans = [
      try await bench.desired(first)?.recordings.first,
      try await bench.desired(second)?.recordings.first,
    ]
    #expect(plans.map(\.?.isSpare) == [nil, true])
    #expect(plans.map(\.?.token) == [1, 1])
    try await finished(job, 1, "a.mp3", from: first)
    #expect(try await bench.find(job).state == .committed)
    let settled = try await bench.said(RecordingSettled.self)
    #expect(settled.filter { $0.to == second.text }.map(\.message.isCanonical) == [false])
    try await bench.step()
    #expect(try await bench.desired(second)?.recordings.isEmpty == true)
  }

  @Test(arguments: [(Int64(500), "b.mp3"), (3000, "a.mp3"), (2000, "a.mp3"), (0, "b.mp3")])
  func theFileThatLacksLessIsCanonical(_ loss: Int64, _ name: String) async throws {
    let (job, first, second) = try await doubled()
    try await finished(job, 1, "a.mp3", loss: 2000, from: first)
    let asked = try await bench.find(job)
    #expect(asked.state == .finishing && asked.node == second && asked.spare == first)
    #expect(asked.token == 2)
    try await bench.step()
    let plan = try await bench.desired(second)?.recordings.first
    #expect(plan?.isSpare == nil && plan?.token == 2)
    try await finished(job, 2, "b.mp3", loss: loss, from: second)
    let settled = try await bench.find(job)
    #expect(settled.state == .committed && settled.file?.name == name)
    #expect(try await bench.said(Deliver.self).map(\.message.file.name) == [name])
    let verdicts = try await bench.said(RecordingSettled.self)
    let winner = name == "a.mp3" ? first : second
    for verdict in verdicts { #expect(verdict.message.isCanonical == (verdict.to == winner.text)) }
    #expect(Set(verdicts.map(\.to)) == [first.text, second.text])
    // Whatever is repeated changes nothing.
    try await finished(job, 1, "a.mp3", loss: 2000, from: first)
    try await finished(job, 2, "b.mp3", loss: loss, from: second)
    #expect(try await bench.find(job).file?.name == name)
    #expect(try await bench.said(Deliver.self).count == 1)
  }

  @Test func whereOneHasNothingTheOtherCounts() async throws {
    let (job, first, second) = try await doubled()
    try await bench.event(RecordingFailed(job: job, token: 1, reason: "Nothing."), from: first)
    #expect(try await bench.find(job).node == second)
    try await finished(job, 2, "b.mp3", loss: 10, from: second)
    #expect(try await bench.find(job).file?.name == "b.mp3")
  }

  @Test func whereTheOtherCannotShowAnythingTheFirstCounts() async throws {
    let (job, first, second) = try await doubled()
    try await finished(job, 1, "a.mp3", loss: 10, from: first)
    try await bench.event(RecordingFailed(job: job, token: 2, reason: "Nothing."), from: second)
    #expect(try await bench.find(job).file?.name == "a.mp3")
  }

  @Test func aSilentSecondRecorderIsWaitedForAWhile() async throws {
    let (job, first, _) = try await doubled()
    try await finished(job, 1, "a.mp3", loss: 10, from: first)
    for _ in 0..<14 {
      bench.advance(.seconds(60))
      try await bench.heartbeat(first)
      try await bench.step()
    }
    #expect(try await bench.find(job).state == .finishing)
    bench.advance(.seconds(120))
    try await bench.heartbeat(first)
    try await bench.step()
    #expect(try await bench.find(job).file?.name == "a.mp3")
  }

  @Test func aRecorderThatComesBackWithAllOfItIsAskedWhereTheOtherLacksTheBeginning() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(70))
    for _ in 0..<2 {
      bench.advance(.seconds(10))
      try await bench.heartbeat(two)
      try await bench.step()
    }
    let moved = try await bench.find(entry.id)
    #expect(moved.node == two && moved.spare == one && moved.token == 2)
    bench.advance(.seconds(60))
    // It was cut off from the scheduler alone.
    try await bench.heartbeat(one)
    try await finished(entry.id, 1, "whole.mp3", from: one)
    try await finished(entry.id, 2, "rest.mp3", loss: 20_000, from: two)
    let asked = try await bench.find(entry.id)
    #expect(asked.node == one && asked.token == 3)
    try await finished(entry.id, 3, "whole.mp3", from: one)
    #expect(try await bench.find(entry.id).file?.name == "whole.mp3")
  }

  @Test func aStreamThatIsNotDoubledAnyMoreHasOneRecorderAgain() async throws {
    var stream = StreamDefinition(
      id: SchedulerBench.radio, name: "Radio", urls: ["http://127.0.0.1:1/"], isDoubled: true)
    try await bench.command(PutStream(stream: stream, mustBeNew: true))
    for node in [one, two] { try await bench.heartbeat(node) }
    try await bench.put(SchedulerBench.once(at: bench.time.now() + .seconds(60)))
    try await bench.step()
    let doubled = try await bench.only().recording
    stream.isDoubled = nil
    try await bench.command(PutStream(stream: stream, mustBeNew: false))
    try await bench.step()
    let single = try await bench.only().recording
    #expect(doubled.spare != nil && single.spare == nil)
    #expect(single.node == doubled.node && single.token == doubled.token)
    let second = try #require(doubled.spare)
    #expect(try await bench.desired(second)?.recordings.isEmpty == true)
  }

  @Test func aNewcomerRelievesACrowdedRecorderOfWhatLiesAhead() async throws {
    try await bench.heartbeat(one, captures: 4)
    for name in ["a", "b", "c", "d"] {
      let stream = StreamID(unchecked: name)
      try await bench.addStream(stream)
      var schedule = SchedulerBench.once(name, at: bench.time.now() + .seconds(1800))
      schedule.stream = stream
      try await bench.put(schedule)
    }
    try await bench.step()
    #expect(try await bench.recordings().allSatisfy { $0.recording.node == one })
    for _ in 0..<8 {
      bench.advance(.seconds(10))
      try await bench.heartbeat(one, captures: 4)
      try await bench.heartbeat(two, captures: 4)
      try await bench.step()
    }
    let moved = try await bench.recordings().map(\.recording).filter { $0.node == two }
    #expect(moved.count == 1 && moved.first?.token == 2)
    #expect(try await bench.desired(two)?.recordings.count == 1)
    #expect(try await bench.desired(one)?.recordings.count == 3)
  }

  @Test func aStreamInTroubleGetsASecondRecorderWhileItRuns() async throws {
    let entry = try await bench.assigned()
    try await bench.heartbeat(two)
    bench.advance(.seconds(61))
    for _ in 0..<6 {
      for node in [one, two] { try await bench.heartbeat(node) }
      try await bench.event(
        CaptureChanged(
          status: CaptureStatus(
            stream: SchedulerBench.radio, node: one, state: .waiting, reason: "It is down.",
            since: bench.time.now())), from: one)
      try await bench.step()
      bench.advance(.seconds(9))
    }
    let helped = try await bench.find(entry.id)
    #expect(helped.node == one && helped.spare == two && helped.token == 1)
  }

  @Test func whatALostRecorderSaidLastOfItsCapturesDoesNotStay() async throws {
    _ = try await bench.assigned()
    let status = CaptureStatus(
      stream: SchedulerBench.radio, node: one, state: .capturing, since: bench.time.now())
    try await bench.event(CaptureChanged(status: status), from: one)
    bench.advance(.seconds(20))
    try await bench.step()
    let lost = try #require(try await bench.said(StreamStatusChanged.self).last?.message.status)
    #expect(lost.state == .waiting && lost.reason?.contains("not heard from") == true)
    let count = try await bench.said(StreamStatusChanged.self).count
    bench.advance(.seconds(20))
    try await bench.step()
    #expect(try await bench.said(StreamStatusChanged.self).count == count, "it is said once")
    try await bench.heartbeat(one)
    try await bench.step()
    #expect(try await bench.said(StreamStatusChanged.self).last?.message.status == status)
  }
}
