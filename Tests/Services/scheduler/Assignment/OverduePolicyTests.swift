import Base
import Messages
import Testing

@testable import airloom_scheduler

@Suite struct OverduePolicyTests {
  private let policy = OverduePolicy(patience: .seconds(3600))
  private let end = Instant(seconds: 10_000)

  private func entry(_ state: RecordingState, reason: String? = nil) -> ScheduledRecording {
    ScheduledRecording(
      recording: Recording(
        id: JobID(unchecked: "job"), schedule: ScheduleID(unchecked: "show"),
        stream: StreamID(unchecked: "radio"), title: "Show", start: end - .seconds(600), end: end,
        paddedStart: end - .seconds(600), paddedEnd: end, state: state, reason: reason,
        node: state == .planned ? nil : NodeID(unchecked: "recorder-1"), updatedAt: .epoch),
      fileName: "show", format: .source, tags: RecordingTags(), date: "1970-01-01",
      createdAt: .epoch)
  }

  @Test(
    arguments: [
      ("nobody has it, before its end", RecordingState.planned, Int64(-1), Int64(-9000), nil),
      ("nobody has it, at its end", .planned, 0, -9000, "No recorder had it in time."),
      ("a recorder has it, at its end", .recording, 0, -9000, nil),
      ("a recorder has it, within the patience", .finishing, 3599, -9000, nil),
      ("a recorder has it, after the patience", .assigned, 3600, -9000, "recorder-1 had it"),
      ("it could be heard only since a moment ago", .assigned, 90_000, 89_000, nil),
      ("it could be heard for the whole patience", .assigned, 90_000, 86_400, "recorder-1 had it"),
      ("it was committed", .committed, 90_000, -9000, nil),
      ("it was called off", .cancelled, 90_000, -9000, nil),
    ] as [(String, RecordingState, Int64, Int64, String?)])
  func isMissedWhenNobodyCanStillBringIt(
    _ name: String, _ state: RecordingState, _ afterEnd: Int64, _ listening: Int64,
    _ expected: String?
  ) {
    let verdict = policy.verdict(
      on: entry(state), isHolderPresent: false, listening: end + .seconds(listening),
      at: end + .seconds(afterEnd))
    #expect((verdict == nil) == (expected == nil), "\(name): \(verdict ?? "waits")")
    if let expected { #expect(verdict?.hasPrefix(expected) == true, "\(name)") }
  }

  @Test func whatWasSaidWhileItWaitedIsTheReason() {
    let verdict = policy.verdict(
      on: entry(.planned, reason: "Every connected recorder is paused."), isHolderPresent: false,
      listening: .epoch, at: end)
    #expect(verdict == "Every connected recorder is paused.")
  }

  @Test func theNextLookIsAtTheEarliestOfBoth() {
    let later = end + .seconds(7200)
    #expect(policy.deadline(planned: later, held: end, listening: .epoch) == end + .seconds(3600))
    #expect(policy.deadline(planned: end, held: end, listening: .epoch) == end)
    #expect(
      policy.deadline(planned: nil, held: end, listening: later) == later + .seconds(3600))
    #expect(policy.deadline(planned: nil, held: nil, listening: .epoch) == nil)
  }
}
