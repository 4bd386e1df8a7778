import Base

/// How often a password may be tried: from one address, and for one account from one address, so
/// that nobody can lock somebody else out.
struct LoginLimiter {
  private struct Key: Hashable {
    var account: String?
    var peer: String
  }

  /// Beyond this many known addresses those that have long been quiet are forgotten.
  private static let memory = 10_000

  private var buckets: [Key: TokenBucket] = [:]

  /// nil when the try may be made, else how long to wait.
  mutating func wait(account: String, peer: String, now: Monotonic) -> Duration? {
    forgetQuiet(now)
    let limits: [(Key, burst: Double, perSecond: Double)] = [
      (Key(account: account, peer: peer), 5, 1.0 / 20),
      (Key(account: nil, peer: peer), 20, 1.0 / 5),
    ]
    for (key, burst, rate) in limits {
      var bucket = buckets[key] ?? TokenBucket(capacity: burst, refillPerSecond: rate, now: now)
      let isAllowed = bucket.take(at: now)
      let wait = isAllowed ? nil : bucket.wait(at: now)
      buckets[key] = bucket
      if let wait { return wait }
    }
    return nil
  }

  /// Right passwords are not counted.
  mutating func succeeded(account: String, peer: String) {
    buckets[Key(account: account, peer: peer)] = nil
    buckets[Key(account: nil, peer: peer)] = nil
  }

  private mutating func forgetQuiet(_ now: Monotonic) {
    guard buckets.count > LoginLimiter.memory else { return }
    buckets = buckets.filter { _, bucket in bucket.wait(for: bucket.capacity, at: now) > .zero }
    // An attacker with that many addresses: start anew rather than grow.
    if buckets.count > LoginLimiter.memory { buckets = [:] }
  }
}
