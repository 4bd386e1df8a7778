import Base
import Bus
import Messages
import TestSupport
import Testing

@testable import airloom_scheduler

@Suite struct PriorityTests {
  private let bench: SchedulerBench
  private let one = SchedulerBench.recorder1
  private let two = SchedulerBench.recorder2

  init() throws { bench = try SchedulerBench() }

  private func show(
    _ name: String, priority: Int, in seconds: Int64 = 600, length: Int = 600
  ) async throws -> JobID {
    let stream = StreamID(unchecked: "stream-\(name)")
    try await bench.addStream(stream)
    let start = bench.time.now() + .seconds(seconds)
    var schedule = SchedulerBench.once(name, at: start, seconds: length)
    schedule.name = name
    schedule.stream = stream
    schedule.priority = priority
    #expect(try await bench.put(schedule).refusal == nil)
    return .occurrence(of: schedule.id, startingAt: start)
  }

  @Test func aHigherPriorityThatComesLateTakesThePlaceOfALowerOne() async throws {
    try await bench.heartbeat(one, captures: 2)
    let low = try await show("low", priority: 1)
    let middle = try await show("middle", priority: 2)
    try await bench.step()
    let high = try await show("high", priority: 3)
    try await bench.step()
    let loser = try await bench.find(low)
    #expect(loser.state == .planned && loser.node == nil)
    #expect(
      loser.conflict
        == "“high” at the same time has a higher priority (3 before 1) and takes its place.")
    for job in [middle, high] { #expect(try await bench.find(job).state == .assigned) }
    #expect(try await bench.find(high).priority == 3)
    #expect(
      Set(try #require(try await bench.desired(one)).recordings.map(\.job)) == [middle, high])
    // Room comes: it is recorded all the same.
    try await bench.heartbeat(two, captures: 1)
    try await bench.step()
    let saved = try await bench.find(low)
    #expect(saved.node == two && saved.conflict == nil)
  }

  @Test func whatRunsIsNeverCut() async throws {
    try await bench.heartbeat(one, captures: 1)
    let low = try await show("low", priority: -5, in: 60)
    try await bench.step()
    bench.advance(.seconds(61))
    try await bench.heartbeat(one, captures: 1)
    let high = try await show("high", priority: 9, in: 60)
    try await bench.step()
    #expect(try await bench.find(low).node == one)
    let waiting = try await bench.find(high)
    #expect(waiting.state == .planned)
    #expect(waiting.conflict?.contains("as many streams") == true)
  }

  @Test func theOrderInWhichTheyComeDoesNotMatter() async throws {
    for order in [["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"]] {
      let bench = try SchedulerBench()
      try await bench.heartbeat(one, captures: 1)
      let start = bench.time.now() + .seconds(900)
      var jobs: [String: JobID] = [:]
      for name in order {
        let stream = StreamID(unchecked: name)
        try await bench.addStream(stream)
        var schedule = SchedulerBench.once(name, at: start)
        schedule.stream = stream
        schedule.priority = ["a": 1, "b": 7, "c": 3][name]
        try await bench.put(schedule)
        jobs[name] = .occurrence(of: schedule.id, startingAt: start)
        try await bench.step()
      }
      #expect(try await bench.find(try #require(jobs["b"])).state == .assigned, "\(order)")
      for name in ["a", "c"] {
        #expect(try await bench.find(try #require(jobs[name])).state == .planned, "\(order)")
      }
    }
  }

  @Test func theLimitForAllRecordersHoldsAndAStreamCountsOnce() async throws {
    let bench = try SchedulerBench(limit: 1)
    for node in [one, two] { try await bench.heartbeat(node) }
    try await bench.addStream()
    try await bench.addStream(StreamID(unchecked: "other"))
    let start = bench.time.now() + .seconds(900)
    try await bench.put(SchedulerBench.once("a", at: start))
    try await bench.put(SchedulerBench.once("b", at: start + .seconds(30)))
    var third = SchedulerBench.once("c", at: start + .seconds(30))
    third.stream = StreamID(unchecked: "other")
    try await bench.put(third)
    try await bench.step()
    let all = try await bench.recordings().map(\.recording)
    #expect(all.filter { $0.state == .assigned }.map(\.schedule.text) == ["a", "b"])
    let loser = try #require(all.first { $0.state == .planned })
    #expect(loser.conflict?.contains("[scheduler] maximum_recordings") == true)
  }

  @Test func conflictsAreForeseenBeyondWhatIsPlanned() throws {
    let now = try #require(Instant("2026-11-21T12:00:00Z"))
    func wish(_ name: String, _ start: Int64, _ end: Int64, priority: Int = 0)
      -> ConflictForecast.Wish
    {
      ConflictForecast.Wish(
        job: JobID(unchecked: name), title: name,
        window: StreamWindow(
          stream: StreamID(unchecked: "s-\(name)"), start: now + .seconds(start),
          end: now + .seconds(end)), priority: priority)
    }
    let candidate = AssignmentPolicy.Candidate(
      node: one, captures: 2, diskFreeBytes: 1 << 40, isAccepting: true)
    let held = HeldWindow(
      job: JobID(unchecked: "held"), node: one,
      window: StreamWindow(
        stream: StreamID(unchecked: "s"), start: now, end: now + .seconds(3600)), isFixed: true)
    let forecast = ConflictForecast(
      [wish("early", 0, 1800), wish("late", 900, 2700), wish("news", 1200, 1300, priority: 5)],
      held: [held], titles: [:], candidates: [candidate], limit: nil)
    #expect(forecast.conflicts.count == 1, "both clash with the news in the same span")
    let conflict = try #require(forecast.conflicts.first)
    #expect(conflict.limit == 2 && conflict.wanted == 4)
    #expect(conflict.at == now + .seconds(900) && conflict.until == now + .seconds(1800))
    #expect(conflict.losers.map(\.title) == ["early", "late"])
  }
}
