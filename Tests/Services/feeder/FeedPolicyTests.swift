import Base
import Messages
import Testing

@testable import airloom_feeder

@Suite("When a feed is fetched, and what becomes of it")
struct FeedPolicyTests {
  private let now = Instant(seconds: 1_800_000_000)
  private let feed = FeedDefinition(id: FeedID(unchecked: "show"), url: "http://a.example/f")
  private let policy = FeedPolicy()

  @Test("ten thousand feeds are asked evenly, each again within one and a half intervals")
  func spread() {
    let schedule = PollSchedule()
    var minutes = [Int](repeating: 0, count: 60)
    for number in 0..<10_000 {
      let id = FeedID(unchecked: "feed-\(number)")
      let next = schedule.next(for: id, interval: .seconds(3600), hints: UpdateHints(), now: now)
      #expect(next >= now + .seconds(1800) && next <= now + .seconds(5400))
      minutes[Int(next.seconds / 60 % 60)] += 1
      let later = schedule.next(for: id, interval: .seconds(3600), hints: UpdateHints(), now: next)
      #expect(later - next == .seconds(3600))
    }
    #expect((minutes.min() ?? 0) > 100 && (minutes.max() ?? 0) < 240, "\(minutes)")
  }

  @Test("the interval follows the posting rate, the publisher's wish, and the limits")
  func interval() {
    let schedule = PollSchedule()
    func every(_ hours: Int64) -> [Instant] {
      (0..<8).map { now - .seconds($0 * hours * 3600) }
    }
    func seconds(_ published: [Instant], ttl: Int? = nil, cache: Int? = nil) -> Double {
      var hints = UpdateHints()
      hints.ttl = ttl
      return schedule.interval(
        published: published, hints: hints, cacheLifetime: cache.map { .seconds($0) }
      ).inSeconds
    }
    #expect(seconds(every(8)) == 7200)
    #expect(seconds(every(1)) == 900)
    #expect(seconds(every(168)) == 21_600)
    #expect(seconds([now, now - .seconds(86_400)]) == 3600)
    #expect(seconds([]) == 3600)
    #expect(seconds(every(1), ttl: 60) == 3600)
    #expect(seconds(every(1), cache: 1800) == 1800)
    #expect(seconds(every(1), ttl: 100_000_000) == 21_600)
  }

  @Test("hours that the publisher names are skipped, unless all are named")
  func skipped() {
    let schedule = PollSchedule()
    var hints = UpdateHints()
    hints.skippedHours = Set(0..<23)
    let next = schedule.next(for: feed.id, interval: .seconds(3600), hints: hints, now: now)
    #expect(CivilTime(secondsSinceEpoch: next.seconds).hour == 23)
    hints.skippedHours = Set(0..<24)
    let all = schedule.next(for: feed.id, interval: .seconds(3600), hints: hints, now: now)
    #expect(all - now < .seconds(8 * 86_400))
  }

  @Test(
    "failures double the wait, six open the circuit, one trial at a time, one success closes it")
  func breaker() {
    var standing = FeedStanding()
    var at = now
    var waits: [Double] = []
    var raised = 0
    for _ in 0..<9 {
      let (next, nextAt, actions) = step(standing, .failed(reason: "no", isConnection: false), at)
      standing = next
      waits.append((nextAt - at).inSeconds)
      raised += actions.contains(.raise) ? 1 : 0
      at = nextAt
    }
    #expect(standing.state == .broken)
    #expect(raised == 1)
    #expect(zip(waits, waits.dropFirst()).prefix(3).allSatisfy { $1 > $0 }, "\(waits)")
    #expect(waits[5] >= 6 * 3600 && waits[7] >= 4 * 6 * 3600 - 1, "\(waits)")
    let (good, nextAt, actions) = step(standing, .good(target: nil), at)
    #expect(good.state == .ok && good.failures == 0 && good.breaker.state == .closed)
    #expect(actions == [.end])
    #expect(nextAt - at <= .seconds(5400))
  }

  @Test("our own outage is nobody's failure")
  func outage() {
    var standing = FeedStanding()
    standing.state = .ok
    for _ in 0..<50 {
      let (next, nextAt, actions) = step(standing, .outage, now)
      #expect(next == standing && actions.isEmpty)
      #expect(nextAt - now >= .seconds(60) && nextAt - now <= .seconds(120))
      standing = next
    }
  }

  @Test("a server's wish is kept to the second, and an absurd one is cut")
  func rests() {
    let until = now + .seconds(7777)
    let (standing, nextAt, _) = step(FeedStanding(), .rests(until: until, reason: "r"), now)
    #expect(nextAt == until && standing.restUntil == until && standing.failures == 0)
    let absurd = step(FeedStanding(), .rests(until: .distantFuture, reason: "r"), now)
    #expect(absurd.nextAt == now + .seconds(7 * 86_400))
    #expect(step(standing, .good(target: nil), until).0.restUntil == nil)
  }

  @Test("gone is believed after three times over a day, and taken back by one success")
  func gone() {
    var standing = FeedStanding()
    var at = now
    var states: [FeedState] = []
    var raised = 0
    for _ in 0..<4 {
      let (next, nextAt, actions) = step(standing, .gone, at)
      standing = next
      states.append(next.state)
      raised += actions.contains(.raise) ? 1 : 0
      at = nextAt
    }
    #expect(states == [.failing, .failing, .gone, .gone])
    #expect(raised == 1)
    #expect(at - now >= .seconds(8 * 86_400))
    #expect(step(standing, .good(target: nil), at).0.state == .ok)
  }

  @Test("a permanent move rewrites when confirmed, a temporary one or another target begins anew")
  func moves() {
    let policy = RedirectPolicy()
    var move: FeedMove?
    func say(_ target: String?, after seconds: Int64) -> String? {
      switch policy.next(
        move, target: target, current: "http://a", now: now + .seconds(seconds))
      {
      case .stay(let new):
        move = new
        return nil
      case .rewrite(let url): return url
      }
    }
    #expect(say("http://b", after: 0) == nil)
    #expect(say("http://b", after: 10) == nil)
    #expect(say("http://b", after: 20) == nil)  // Often enough, not for long enough.
    #expect(say("http://b", after: 3700) == "http://b")
    move = nil
    #expect(say("http://b", after: 0) == nil)
    #expect(say(nil, after: 3000) == nil)
    #expect(say("http://b", after: 6000) == nil)
    #expect(say("http://c", after: 9000) == nil)
    #expect(move == FeedMove(url: "http://c", count: 1, firstAt: now + .seconds(9000)))
  }

  @Test("most failing on several servers is an outage, one server or a single success is not")
  func detects() {
    var detector = OutageDetector()
    for _ in 0..<20 { _ = detector.note(host: "one", isConnectionFailure: true) }
    #expect(!detector.isOutage)
    for number in 0..<20 { _ = detector.note(host: "h\(number)", isConnectionFailure: true) }
    #expect(detector.isOutage)
    let afterSuccess = detector.note(host: "x", isConnectionFailure: false)
    #expect(!afterSuccess)
  }

  private func step(
    _ standing: FeedStanding, _ verdict: FetchVerdict, _ at: Instant
  ) -> (FeedStanding, nextAt: Instant, [FeedPolicy.Action]) {
    policy.next(
      standing, verdict, feed: feed, interval: .seconds(3600), hints: UpdateHints(), now: at)
  }
}

@Suite("The queue of feeds")
struct PollQueueTests {
  private let now = Instant(seconds: 1_800_000_000)

  private func entry(_ name: String, host: String, after seconds: Int64 = 0) -> PollQueue.Entry {
    PollQueue.Entry(feed: FeedID(unchecked: name), host: host, at: now + .seconds(seconds))
  }

  @Test("begins so many at once and so many of one server, the servers in turn")
  func limits() {
    var queue = PollQueue(fetches: 5, perHost: 2)
    for number in 0..<10 { queue.put(entry("a\(number)", host: "a", after: Int64(number) - 20)) }
    for number in 0..<2 { queue.put(entry("b\(number)", host: "b", after: -1)) }
    queue.put(entry("later", host: "c", after: 60))
    let begun = queue.begin(at: now).map(\.text)
    #expect(begun.filter { $0.hasPrefix("a") } == ["a0", "a1"])
    #expect(begun.filter { $0.hasPrefix("b") }.count == 2)
    #expect(queue.begin(at: now).isEmpty)
    queue.ended(FeedID(unchecked: "a0"), next: entry("a0", host: "a", after: 100))
    #expect(queue.begin(at: now).map(\.text) == ["a2"])
    #expect(queue.dueCount == 7)
    #expect(queue.nextWake(after: now) == now + .seconds(60))
  }

  @Test("leaves a server that rests alone, and wakes when it has rested")
  func rests() {
    var queue = PollQueue(
      fetches: 5, perHost: 2, entries: [entry("a", host: "a")], resting: ["a": now + .seconds(9)])
    #expect(queue.begin(at: now).isEmpty)
    #expect(queue.nextWake(after: now) == now + .seconds(9))
    #expect(queue.begin(at: now + .seconds(9)).map(\.text) == ["a"])
  }

  @Test("follows what is said of a feed: sooner, later, removed, and while it runs")
  func changes() {
    var queue = PollQueue(fetches: 5, perHost: 5, entries: [entry("a", host: "a", after: 50)])
    queue.put(entry("a", host: "a"))
    #expect(queue.begin(at: now).map(\.text) == ["a"])
    queue.put(entry("a", host: "a"))
    #expect(queue.begin(at: now).isEmpty)
    queue.ended(FeedID(unchecked: "a"), next: entry("a", host: "a", after: 5))
    queue.put(entry("a", host: "b", after: 500))
    #expect(queue.begin(at: now + .seconds(100)).isEmpty)
    queue.remove(FeedID(unchecked: "a"))
    #expect(queue.begin(at: now + .seconds(1000)).isEmpty)
    #expect(queue.nextWake(after: now) == nil)
  }

  @Test("is never out of order, whatever happens to it")
  func random() {
    var generator = SplitMix64(seed: 3)
    var queue = PollQueue(fetches: 8, perHost: 3)
    var due: [String: Int64] = [:]
    var running: Set<String> = []
    for second in 0..<5000 as Range<Int64> {
      let name = "f\(Int.random(in: 0..<40, using: &generator))"
      let host = "h\(name.utf8.reduce(0) { $0 + Int($1) } % 5)"
      if Bool.random(using: &generator) {
        let at = second + Int64.random(in: -5...50, using: &generator)
        queue.put(entry(name, host: host, after: at))
        due[name] = at
      }
      for begun in queue.begin(at: now + .seconds(second)).map(\.text) {
        #expect((due[begun] ?? .max) <= second && running.insert(begun).inserted)
      }
      #expect(queue.running.count == running.count && running.count <= 8)
      if let done = running.randomElement(using: &generator) {
        running.remove(done)
        let at = second + 20
        let host = "h\(done.utf8.reduce(0) { $0 + Int($1) } % 5)"
        queue.ended(FeedID(unchecked: done), next: entry(done, host: host, after: at))
        due[done] = at
      }
    }
  }
}
