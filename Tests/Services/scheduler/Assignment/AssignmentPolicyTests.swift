import Base
import Messages
import Testing

@testable import airloom_scheduler

@Suite struct AssignmentPolicyTests {
  private let one = NodeID(unchecked: "recorder-1")
  private let two = NodeID(unchecked: "recorder-2")

  private func candidate(
    _ node: NodeID, captures: Int = 2, disk: Int64 = 1 << 40, isAccepting: Bool = true
  ) -> AssignmentPolicy.Candidate {
    AssignmentPolicy.Candidate(
      node: node, captures: captures, diskFreeBytes: disk, isAccepting: isAccepting)
  }

  private func window(_ stream: String, _ start: Int64, _ end: Int64) -> StreamWindow {
    StreamWindow(
      stream: StreamID(unchecked: stream), start: Instant(seconds: start),
      end: Instant(seconds: end))
  }

  @Test func theOneWithTheMostRoomIsChosen() {
    var policy = AssignmentPolicy(
      [candidate(one), candidate(two)], held: [(node: one, window: window("a", 0, 100))])
    #expect(policy.place(window("b", 50, 150)) == .on(two))
  }

  @Test func theOneThatHasTheStreamThenIsChosenEvenWhenItIsFull() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 1), candidate(two)],
      held: [(node: one, window: window("a", 0, 100))])
    #expect(policy.place(window("a", 90, 200)) == .on(one))
  }

  @Test func windowsThatOnlyTouchDoNotCountTogether() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 1)], held: [(node: one, window: window("a", 0, 100))])
    #expect(policy.place(window("b", 100, 200)) == .on(one))
    guard case .nowhere = policy.place(window("c", 99, 101)) else {
      Issue.record("there is no room for a second stream")
      return
    }
  }

  @Test func whatIsPlacedIsReserved() {
    var policy = AssignmentPolicy([candidate(one)], held: [])
    #expect(policy.place(window("a", 0, 100)) == .on(one))
    #expect(policy.place(window("b", 0, 100)) == .on(one))
    #expect(
      policy.place(window("c", 50, 60))
        == .nowhere("Every connected recorder has as many streams then as it can take."))
    #expect(policy.place(window("c", 200, 260)) == .on(one))
  }

  @Test func thePeakCountsWhatIsNeededAtOnceAndNotInAll() {
    var index = WindowIndex()
    for (name, start) in [("a", 0), ("b", 4000), ("c", 8000)] as [(String, Int64)] {
      index.insert(window(name, start, start + 3600))
    }
    #expect(index.peak(with: window("d", 0, 12_000)) == 2)
    #expect(index.peak(with: window("a", 0, 3000)) == 1)
    index.insert(window("e", 3500, 4100))
    #expect(index.peak(with: window("d", 0, 12_000)) == 3)
  }

  @Test(
    arguments: [
      ("nobody", [], "No recorder is connected."),
      ("paused", [(true, Int64(1) << 40)], "Every connected recorder is paused."),
      ("full", [(false, Int64(1000))], "No connected recorder has room on its disk."),
    ] as [(String, [(Bool, Int64)], String)])
  func whatHasNoPlaceIsToldWhy(
    _ name: String, _ recorders: [(isPaused: Bool, disk: Int64)], _ reason: String
  ) {
    var policy = AssignmentPolicy(
      recorders.map { candidate(one, disk: $0.disk, isAccepting: !$0.isPaused) }, held: [])
    #expect(policy.place(window("a", 0, 100)) == .nowhere(reason), "\(name)")
  }
}

@Suite struct RecorderRosterTests {
  private let one = NodeID(unchecked: "recorder-1")

  private func heartbeat(
    free: Int = 10, active: Int = 0, state: NodeState = .running
  ) -> Heartbeat {
    Heartbeat(
      node: one, service: "recorder", version: "1", state: state, startedAt: .epoch, progress: 0,
      residentBytes: 0,
      recorder: RecorderLoad(
        freeCaptures: free, activeCaptures: active, diskFreeBytes: 1 << 40, desiredVersion: 0,
        desiredDigest: ""))
  }

  private func at(_ seconds: Int64) -> Monotonic { Monotonic(nanoseconds: seconds * 1_000_000_000) }

  @Test func onlyWhatChangesAssignmentIsNews() {
    var roster = RecorderRoster(lease: .seconds(15))
    let news = [
      roster.hear(heartbeat(), at: at(0)),
      roster.hear(heartbeat(free: 9, active: 1), at: at(1)),  // a capture began
      roster.hear(heartbeat(free: 4, active: 1), at: at(2)),
      roster.hear(heartbeat(free: 4, active: 1, state: .paused), at: at(3)),
    ]
    #expect(news == [true, false, true, true])
  }

  @Test func aRecorderIsLostAfterItsLeaseAndBackWithOneHeartbeat() {
    var roster = RecorderRoster(lease: .seconds(15))
    _ = roster.hear(heartbeat(), at: at(0))
    let lost = [15, 16, 17].map { roster.expire(at: at($0)) }
    #expect(lost == [[], [one], []], "it is said once")
    #expect(roster.candidates.isEmpty)
    let isNews = roster.hear(heartbeat(), at: at(18))
    #expect(isNews)
    #expect(roster.isPresent(one))
  }

  @Test func oneThatHoldsSomethingHasItsLeaseAfterARestartToBeHeard() {
    var roster = RecorderRoster(lease: .seconds(15))
    roster.expect(one, at: at(100))
    #expect(roster.isPresent(one))
    #expect(roster.candidates.isEmpty, "nothing new before it is heard")
    let lost = roster.expire(at: at(116))
    #expect(lost == [one])
  }
}
