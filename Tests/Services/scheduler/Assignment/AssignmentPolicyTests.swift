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

  private func wish(
    _ stream: String, _ start: Int64, _ end: Int64, priority: Int = 0, tags: Set<String> = []
  ) -> AssignmentPolicy.Wish {
    AssignmentPolicy.Wish(
      job: JobID(unchecked: "\(stream)-\(start)-\(end)"), window: window(stream, start, end),
      priority: priority, tags: tags)
  }

  private func held(
    _ node: NodeID, _ stream: String, _ start: Int64, _ end: Int64, priority: Int = 0,
    isFixed: Bool = false
  ) -> HeldWindow {
    wish(stream, start, end, priority: priority).held(by: node, isFixed: isFixed)
  }

  @Test func theOneWithTheMostRoomIsChosen() {
    var policy = AssignmentPolicy(
      [candidate(one), candidate(two)], held: [held(one, "a", 0, 100)])
    #expect(policy.place(wish("b", 50, 150)) == .on(two))
  }

  @Test func theOneThatHasTheStreamThenIsChosenEvenWhenItIsFull() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 1), candidate(two)],
      held: [held(one, "a", 0, 100)])
    #expect(policy.place(wish("a", 90, 200)) == .on(one))
  }

  @Test func windowsThatOnlyTouchDoNotCountTogether() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 1)], held: [held(one, "a", 0, 100)])
    #expect(policy.place(wish("b", 100, 200)) == .on(one))
    guard case .nowhere = policy.place(wish("c", 99, 101)) else {
      Issue.record("there is no room for a second stream")
      return
    }
  }

  @Test func whatIsPlacedIsReserved() {
    var policy = AssignmentPolicy([candidate(one)], held: [])
    #expect(policy.place(wish("a", 0, 100)) == .on(one))
    #expect(policy.place(wish("b", 0, 100)) == .on(one))
    #expect(
      policy.place(wish("c", 50, 60))
        == .nowhere(
          "Every connected recorder has as many streams then as it can take.", isConflict: true))
    #expect(policy.place(wish("c", 200, 260)) == .on(one))
  }

  @Test func thePeakCountsWhatIsNeededAtOnceAndNotInAll() {
    var index = WindowIndex()
    for (name, start) in [("a", 0), ("b", 4000), ("c", 8000)] as [(String, Int64)] {
      index.insert(held(one, name, start, start + 3600))
    }
    #expect(index.peak(with: window("d", 0, 12_000)) == 2)
    #expect(index.peak(with: window("a", 0, 3000)) == 1)
    index.insert(held(one, "e", 3500, 4100))
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
    #expect(policy.place(wish("a", 0, 100)) == .nowhere(reason), "\(name)")
  }

  @Test func aConnectionThatGoesOnIsPreferredAndBackToBackShowsAreOneConnection() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 3), candidate(two, captures: 3)],
      held: [held(one, "a", 0, 100), held(one, "b", 0, 200), held(one, "c", 0, 200)])
    #expect(policy.place(wish("a", 100, 200)) == .on(one))
    #expect(policy.place(wish("d", 150, 200)) == .on(two), "three streams lie on the first then")
  }

  @Test func aRecorderIsNotGivenMoreThanItTakesBecauseItHasTheStream() {
    var policy = AssignmentPolicy(
      [candidate(one, captures: 1), candidate(two)],
      held: [held(one, "a", 0, 100), held(one, "b", 100, 200)])
    #expect(policy.place(wish("a", 50, 150)) == .on(two))
  }

  @Test func tagsADiskThatFillsUpAndABusyMachineSpeakAgainstARecorder() {
    var first = candidate(one)
    first.tags = ["vienna"]
    var second = candidate(two)
    var policy = AssignmentPolicy([first, second], held: [])
    #expect(policy.place(wish("a", 0, 100, tags: ["vienna"])) == .on(one))
    guard case .nowhere(let text, false) = policy.place(wish("b", 0, 9, tags: ["graz"])) else {
      Issue.record("nobody has that tag")
      return
    }
    #expect(text.contains("'graz'"))
    first.diskFullAt = Instant(seconds: 50)
    policy = AssignmentPolicy([first, second], held: [held(one, "a", 0, 100)])
    #expect(policy.place(wish("a", 90, 200)) == .on(two), "its disk is full before the end")
    #expect(policy.place(wish("a", 10, 40)) == .on(one))
    second.load = 4
    policy = AssignmentPolicy([candidate(one), second], held: [held(one, "x", 0, 100)])
    #expect(policy.place(wish("y", 0, 100)) == .on(one))
  }

  @Test func theLimitForAllCountsEachStreamOnce() {
    var policy = AssignmentPolicy(
      [candidate(one), candidate(two)], held: [held(one, "a", 0, 100)], limit: 2)
    #expect(policy.place(wish("b", 0, 100)) == .on(two))
    #expect(policy.place(wish("a", 0, 50)) == .on(one), "the same stream again")
    guard case .nowhere(let text, true) = policy.place(wish("c", 50, 60)) else {
      Issue.record("three streams at once are more than two")
      return
    }
    #expect(text.contains("maximum_recordings"))
    var spare = wish("a", 0, 100)
    spare.isSpare = true
    #expect(policy.place(spare, avoiding: [one]) == .on(two), "a second recorder is no other one")
  }

  @Test func aSecondRecorderLeavesFirstAndOnlyItself() {
    var spare = held(one, "a", 0, 100, priority: 9, isFixed: true)
    spare.isSpare = true
    var first = spare
    (first.isSpare, first.node) = (false, two)
    let low = held(one, "b", 0, 100)
    var policy = AssignmentPolicy([candidate(one)], held: [first, spare, low])
    #expect(policy.place(wish("c", 50, 150, priority: 5)) == .after([spare]))
    policy.releaseSpare(spare.job)
    #expect(policy.place(wish("c", 50, 150, priority: 5)) == .on(one))
    #expect(policy.peak(of: two, with: window("x", 0, 100)) == 2, "the first one has it still")
  }

  @Test func whatIsMoreImportantTakesThePlaceOfTheLeastThatHasNotBegun() {
    func policy(_ held: [HeldWindow], limit: Int? = nil) -> AssignmentPolicy {
      AssignmentPolicy([candidate(one)], held: held, limit: limit)
    }
    let (low, lower) = (held(one, "a", 0, 100, priority: 2), held(one, "b", 0, 100, priority: 1))
    let new = wish("c", 50, 150, priority: 5)
    var both = policy([low, lower])
    #expect(both.place(new) == .after([lower]))
    both.release(lower.job)
    #expect(both.place(new) == .on(one))
    var later = policy([held(one, "a", 0, 100), held(one, "b", 20, 100)])
    #expect(later.place(new) == .after([held(one, "b", 20, 100)]), "the later one leaves")
    var begun = policy([
      held(one, "a", 0, 100, isFixed: true), held(one, "b", 0, 100, isFixed: true),
    ])
    guard case .nowhere(_, true) = begun.place(new) else {
      Issue.record("what runs is never cut")
      return
    }
    var equal = policy([held(one, "a", 0, 100, priority: 5), held(one, "b", 0, 9, priority: 9)])
    #expect(equal.place(wish("d", 50, 150, priority: 5)) == .on(one))
    guard case .nowhere = equal.place(wish("e", 50, 150, priority: 5)) else {
      Issue.record("an equal one stays")
      return
    }
    var limited = policy([low], limit: 1)
    #expect(limited.place(new) == .after([low]))
  }
}

@Suite struct RebalancePolicyTests {
  private let one = NodeID(unchecked: "recorder-1")
  private let two = NodeID(unchecked: "recorder-2")
  private let now = Instant(seconds: 0)

  private func candidate(_ node: NodeID, captures: Int = 4) -> AssignmentPolicy.Candidate {
    AssignmentPolicy.Candidate(
      node: node, captures: captures, diskFreeBytes: 1 << 40, isAccepting: true)
  }

  private func held(
    _ stream: String, _ start: Int64, on node: NodeID, isFixed: Bool = false
  ) -> HeldWindow {
    HeldWindow(
      job: JobID(unchecked: "\(stream)-\(start)"), node: node,
      window: StreamWindow(
        stream: StreamID(unchecked: stream), start: Instant(seconds: start),
        end: Instant(seconds: start + 3600)), isFixed: isFixed)
  }

  private func moves(
    _ held: [HeldWindow], _ candidates: [AssignmentPolicy.Candidate],
    tags: [StreamID: Set<String>] = [:]
  ) -> [String] {
    RebalancePolicy().moves(
      of: held, in: AssignmentPolicy(candidates, held: held), tags: tags, at: now
    ).map { "\($0.job) to \($0.to)" }
  }

  @Test func aNewcomerTakesOverUntilNobodyIsCrowded() {
    let crowd = ["a", "b", "c", "d"].map { held($0, 3600, on: one) }
    #expect(moves(crowd, [candidate(one), candidate(two)]) == ["d-3600 to recorder-2"])
    #expect(moves(crowd, [candidate(one)]).isEmpty)
    #expect(
      moves(Array(crowd.prefix(3)), [candidate(one), candidate(two)]).isEmpty,
      "a fourth is free: it is not worth a connection")
  }

  @Test func whatRunsOrBeginsAtOnceOrSharesAConnectionStays() {
    let crowd = ["a", "b", "c", "d"]
    #expect(
      moves(
        crowd.map { held($0, -60, on: one, isFixed: true) }, [candidate(one), candidate(two)]
      ).isEmpty)
    #expect(
      moves(crowd.map { held($0, 60, on: one) }, [candidate(one), candidate(two)]).isEmpty)
    let shared = crowd.flatMap { [held($0, 3600, on: one), held($0, 5400, on: one)] }
    #expect(moves(shared, [candidate(one), candidate(two)]).isEmpty)
  }

  @Test func whoEndsOrHasNoRoomOrLacksATagIsLeft() {
    let only = [held("a", 3600, on: one)]
    var leaving = candidate(one)
    leaving.isAccepting = false
    #expect(moves(only, [leaving, candidate(two)]) == ["a-3600 to recorder-2"])
    var full = candidate(one)
    full.diskFullAt = Instant(seconds: 5000)
    #expect(moves(only, [full, candidate(two)]) == ["a-3600 to recorder-2"])
    var tagged = candidate(two)
    tagged.tags = ["vienna"]
    let tags = [StreamID(unchecked: "a"): Set(["vienna"])]
    #expect(moves(only, [candidate(one), tagged], tags: tags) == ["a-3600 to recorder-2"])
    #expect(moves(only, [leaving, candidate(two)], tags: tags).isEmpty, "nobody else has it")
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
