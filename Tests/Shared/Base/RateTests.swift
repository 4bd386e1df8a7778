import Base
import FoundationEssentials
import Testing

/// Breaker, bucket and backoff, as tables of what happens when.
@Suite struct RateTests {
  private func at(_ seconds: Int64) -> Instant { Instant(seconds: seconds) }

  @Test("A breaker opens after failures in a row, rests, probes, and rests twice as long")
  func breaker() {
    var breaker = CircuitBreaker(threshold: 3, rest: .seconds(10), longestRest: .seconds(30))
    breaker.failed(at: at(0))
    breaker.succeeded()
    for second in [1, 2] { breaker.failed(at: at(Int64(second))) }
    #expect(breaker.state == .closed)
    breaker.failed(at: at(3))
    #expect(breaker.state == .open)
    #expect(breaker.admits(at: at(12)) == false)
    #expect(breaker.admits(at: at(13)) == true)
    #expect(breaker.admits(at: at(13)) == false, "one probe at a time")
    // Each rest is double the last, to the longest.
    for (failedAt, retryAt) in [(14, 34), (34, 64), (64, 94)] {
      breaker.failed(at: at(Int64(failedAt)))
      #expect(breaker.retryAt == at(Int64(retryAt)))
      #expect(breaker.admits(at: at(Int64(retryAt) - 1)) == false)
      #expect(breaker.admits(at: at(Int64(retryAt))) == true)
    }
    breaker.succeeded()
    #expect(breaker.state == .closed)
    #expect(breaker.admits(at: at(94)) == true)
    for second in 95...97 { breaker.failed(at: at(Int64(second))) }
    #expect(breaker.retryAt == at(107), "a success forgets the long rests")
  }

  @Test("Calls under way when a breaker opens do not lengthen its rest")
  func lateFailures() {
    var breaker = CircuitBreaker(threshold: 1, rest: .seconds(10), longestRest: .seconds(1000))
    for _ in 0..<5 { breaker.failed(at: at(0)) }
    #expect(breaker.retryAt == at(10))
  }

  @Test("A breaker that was stored while its probe was under way does not stay shut for ever")
  func lostProbe() throws {
    var breaker = CircuitBreaker(threshold: 1, rest: .seconds(10), longestRest: .seconds(1000))
    breaker.failed(at: at(0))
    #expect(breaker.admits(at: at(10)) == true)
    var restored = try JSONDecoder().decode(
      CircuitBreaker.self, from: JSONEncoder().encode(breaker))
    #expect(restored == breaker)
    #expect(restored.admits(at: at(19)) == false)
    #expect(restored.admits(at: at(20)) == true)
  }

  @Test("A breaker with a rest of days never computes a rest in the past")
  func longRests() {
    var breaker = CircuitBreaker(
      threshold: 1, rest: .seconds(86_400), longestRest: .seconds(604_800))
    var now = at(0)
    for _ in 0..<100 {
      breaker.failed(at: now)
      #expect(breaker.retryAt > now && breaker.retryAt <= now + .seconds(604_800))
      now = breaker.retryAt
      #expect(breaker.admits(at: now) == true)
    }
    #expect(breaker.retryAt == now + .seconds(86_400))
  }

  private func after(_ milliseconds: Int64) -> Monotonic {
    Monotonic(nanoseconds: milliseconds * 1_000_000)
  }

  @Test("A bucket gives its burst, then the rate, and never more than it holds")
  func bucket() {
    var bucket = TokenBucket(capacity: 3, refillPerSecond: 2, now: after(0))
    let calls: [(Int64, Bool)] = [
      (0, true), (0, true), (0, true), (0, false), (499, false), (500, true), (500, false),
      (1500, true), (1500, true), (1500, false), (60_000, true), (60_000, true), (60_000, true),
      (60_000, false), (59_000, false),
    ]
    for (milliseconds, isTaken) in calls {
      #expect(bucket.take(at: after(milliseconds)) == isTaken, "at \(milliseconds) ms")
    }
  }

  @Test("After the wait that a bucket names, the tokens are there")
  func bucketWait() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      let capacity = Double.random(in: 1...50, using: &generator)
      let rate = Double.random(in: 0.01...5000, using: &generator)
      var bucket = TokenBucket(capacity: capacity, refillPerSecond: rate, now: after(0))
      let count = Double.random(in: 0.1...capacity, using: &generator)
      _ = bucket.take(capacity, at: after(0))
      let wait = bucket.wait(for: count, at: after(0))
      #expect(wait > .zero)
      #expect(bucket.take(count, at: after(0) + wait) == true, "\(capacity) \(rate) \(count)")
    }
  }

  @Test(
    "The ceiling doubles to the cap",
    arguments: [
      (1, 500), (2, 1000), (3, 2000), (6, 16_000), (7, 30_000), (40, 30_000), (10_000, 30_000),
      (0, 500),
    ])
  func ceilings(failures: Int, milliseconds: Int) {
    let policy = BackoffPolicy(base: .milliseconds(500), cap: .seconds(30))
    #expect(policy.ceiling(afterFailures: failures) == .milliseconds(milliseconds))
  }

  @Test("A first retry at once shifts the ladder by one")
  func immediate() {
    let policy = BackoffPolicy(base: .seconds(1), cap: .seconds(8), isFirstRetryImmediate: true)
    #expect(
      (1...6).map { policy.ceiling(afterFailures: $0) } == [0, 1, 2, 4, 8, 8].map { .seconds($0) })
    #expect(policy.delay(afterFailures: 1) == .zero)
  }

  @Test("Delays spread over the whole range and never pass the ceiling")
  func jitter() {
    let policy = BackoffPolicy(base: .seconds(1), cap: .seconds(60))
    var generator = SplitMix64(seed: 3)
    let delays = (0..<1000).map { _ in policy.delay(afterFailures: 4, using: &generator).inSeconds }
    #expect(delays.allSatisfy { (0...8).contains($0) })
    #expect(delays.filter { $0 < 2 }.count > 150)
    #expect(delays.filter { $0 > 6 }.count > 150)
  }
}
