import Base
import Messages
import Storage
import Testing

@testable import airloom_scheduler

@Suite struct RecorderEventsTests {
  private let bench: SchedulerBench
  private let one = SchedulerBench.recorder1
  private let two = SchedulerBench.recorder2

  init() throws { bench = try SchedulerBench() }

  private func finished(
    _ id: JobID, token: Int64, name: String = "show.mp3"
  ) -> RecordingFinished {
    RecordingFinished(job: id, token: token, file: SchedulerBench.file(name))
  }

  @Test func aFinishedRecordingIsCommittedDeliveredAndSettledOnce() async throws {
    let entry = try await bench.assigned()
    try await bench.event(
      RecordingStarted(job: entry.id, token: 1, at: bench.time.now()), from: one)
    #expect(try await bench.find(entry.id).state == .recording)
    try await bench.event(
      RecordingFinishing(job: entry.id, token: 1, at: bench.time.now()), from: one)
    #expect(try await bench.find(entry.id).state == .finishing)
    for _ in 0..<3 { try await bench.event(finished(entry.id, token: 1), from: one) }
    let recording = try await bench.find(entry.id)
    #expect(recording.state == .committed)
    #expect(recording.file == SchedulerBench.file())
    let deliveries = try await bench.said(Deliver.self)
    #expect(deliveries.map(\.to) == ["delivery"])
    #expect(deliveries.first?.message.destination.text == "archive")
    let settled = try await bench.said(RecordingSettled.self)
    #expect(settled.map(\.message.isCanonical) == [true, true, true])
    #expect(settled.allSatisfy { $0.to == one.text })
  }

  @Test func messagesInAnyOrderEndTheSame() async throws {
    let entry = try await bench.assigned()
    try await bench.event(finished(entry.id, token: 1), from: one)
    try await bench.event(
      RecordingFinishing(job: entry.id, token: 1, at: bench.time.now()), from: one)
    try await bench.event(
      RecordingStarted(job: entry.id, token: 1, at: bench.time.now()), from: one)
    try await bench.event(RecordingFailed(job: entry.id, token: 1, reason: "No."), from: one)
    #expect(try await bench.find(entry.id).state == .committed)
    #expect(try await bench.said(Deliver.self).count == 1)
  }

  @Test func aTokenThatWasPassedOnCanCommitNothing() async throws {
    let entry = try await bench.assigned()
    bench.advance(.seconds(61))
    for _ in 0..<2 {
      bench.advance(.seconds(10))
      try await bench.heartbeat(two)
    }
    try await bench.step()
    #expect(try await bench.find(entry.id).node == two)
    try await bench.event(finished(entry.id, token: 1, name: "late.mp3"), from: one)
    #expect(try await bench.find(entry.id).state == .assigned)
    #expect(try await bench.said(RecordingSettled.self).isEmpty, "it may still be asked for it")
    try await bench.event(
      RecordingFailed(job: entry.id, token: 1, reason: "Superseded."), from: one)
    #expect(try await bench.find(entry.id).state == .assigned)
    try await bench.event(finished(entry.id, token: 2), from: two)
    #expect(try await bench.find(entry.id).file?.name == "show.mp3")
    let settled = try await bench.said(RecordingSettled.self)
    #expect(settled.first { $0.to == one.text }?.message.isCanonical == false)
    #expect(settled.first { $0.to == two.text }?.message.isCanonical == true)
    try await bench.event(finished(entry.id, token: 1, name: "later.mp3"), from: one)
    #expect(try await bench.find(entry.id).file?.name == "show.mp3")
    #expect(try await bench.said(Deliver.self).count == 1)
  }

  @Test func aRecordingThatNobodyKnowsIsSettledAsNotWanted() async throws {
    try await bench.event(finished(JobID(unchecked: "stranger"), token: 1), from: one)
    #expect(try await bench.said(RecordingSettled.self).map(\.message.isCanonical) == [false])
  }

  @Test func aFileForSomethingCalledOffIsNotCanonical() async throws {
    let entry = try await bench.assigned()
    try await bench.command(CancelRecording(recording: entry.id))
    try await bench.event(finished(entry.id, token: 1), from: one)
    #expect(try await bench.find(entry.id).state == .cancelled)
    #expect(try await bench.said(RecordingSettled.self).last?.message.isCanonical == false)
    #expect(try await bench.said(Deliver.self).isEmpty)
  }

  @Test func whatTheOnlyRecorderCannotRecordIsMissedWithItsReason() async throws {
    let entry = try await bench.assigned()
    let reason = "The source answered 404 for the whole time."
    try await bench.event(RecordingFailed(job: entry.id, token: 1, reason: reason), from: one)
    let recording = try await bench.find(entry.id)
    #expect(recording.state == .missed)
    #expect(recording.reason == reason)
  }

  @Test func whatOneRecorderCannotRecordAnotherGets() async throws {
    let entry = try await bench.assigned()
    try await bench.heartbeat(two)
    try await bench.event(
      RecordingFailed(job: entry.id, token: 1, reason: "The disk is full."), from: one)
    try await bench.step()
    let recording = try await bench.find(entry.id)
    #expect(recording.node == two)
    #expect(recording.token == 2)
    #expect(try await bench.desired(one)?.recordings.isEmpty == true)
    #expect(try await bench.desired(two)?.recordings.map(\.token) == [2])
  }

  @Test func twoRecordersThatBothRefuseDoNotPassItOnForEver() async throws {
    let entry = try await bench.assigned()
    try await bench.heartbeat(two)
    for token in 1...20 {
      let recording = try await bench.find(entry.id)
      guard let node = recording.node, !recording.state.isFinal else { break }
      try await bench.event(
        RecordingFailed(job: entry.id, token: Int64(token), reason: "The disk is full."),
        from: node)
      try await bench.step()
    }
    #expect(try await bench.find(entry.id).state == .missed)
  }

  @Test func aRecordersWordOnItsCapturesIsPassedOn() async throws {
    try await bench.addStream()
    let status = CaptureStatus(
      stream: SchedulerBench.radio, node: one, state: .stalled, reason: "No frames arrive.",
      since: bench.time.now())
    try await bench.event(CaptureChanged(status: status), from: one)
    try await bench.event(CaptureChanged(status: status), from: two)  // not its own
    #expect(try await bench.said(StreamStatusChanged.self).map(\.message.status) == [status])
  }

  @Test func aCrashBeforeTheCommitLeavesNothingAndTheMessageComesAgain() async throws {
    struct Killed: Error {}
    let entry = try await bench.assigned()
    let events = try bench.service.events
    let event = finished(entry.id, token: 1)
    let one = one
    await #expect(throws: Killed.self) {
      try await bench.database.write { transaction in
        try events.finish(event, from: one, transaction)
        throw Killed()
      }
    }
    try bench.crash()
    #expect(try await bench.find(entry.id).state == .assigned)
    #expect(try await bench.said(Deliver.self).isEmpty)
    try await bench.event(event, from: one)
    #expect(try await bench.find(entry.id).state == .committed)
    try bench.crash()
    try await bench.event(event, from: one)
    #expect(try await bench.said(Deliver.self).count == 1)
    #expect(try await bench.said(RecordingSettled.self).allSatisfy { $0.message.isCanonical })
  }

  /// Two recorders, every message dropped, repeated or late at random, crashes between any two: there
  /// is never more than one canonical file, and never one of a token that was passed on.
  @Test(arguments: 1...20)
  func atMostOneFileIsEverCanonical(_ seed: Int) async throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let entry = try await bench.assigned()
    var canonical: FinishedFile?
    var inFlight: [(NodeID, RecordingFinished)] = []
    for _ in 0..<40 {
      let recording = try await bench.find(entry.id)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0:
        if let node = recording.node {
          let file = "token-\(recording.token).mp3"
          inFlight.append((node, finished(entry.id, token: recording.token, name: file)))
        }
      case 1:
        if let (node, event) = inFlight.randomElement(using: &generator) {
          try await bench.event(event, from: node)
        }
      case 2: try await bench.heartbeat(Bool.random(using: &generator) ? one : two)
      case 3: bench.advance(.seconds(Int.random(in: 1...20, using: &generator)))
      case 4: try await bench.step()
      default: try bench.crash()
      }
      let now = try await bench.find(entry.id)
      if let canonical {
        #expect(now.file == canonical)
      } else if let file = now.file {
        #expect(file.name == "token-\(recording.token).mp3")
        canonical = file
      }
    }
    #expect(try await bench.said(Deliver.self).count == (canonical == nil ? 0 : 1))
  }
}
