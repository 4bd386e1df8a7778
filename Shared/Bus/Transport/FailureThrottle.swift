internal import Base

/// Collapses a storm of failed handshakes by strangers to about one report a second with a count.
struct FailureThrottle {
  private var bucket: TokenBucket
  private var reason: String?
  private var untold = 0
  /// When a report that waits may be made.
  private(set) var dueAt: Monotonic?

  init(now: Monotonic) { bucket = TokenBucket(capacity: 3, refillPerSecond: 1, now: now) }

  mutating func add(_ reason: String) {
    self.reason = reason
    untold += 1
  }

  /// The report to make now: the latest reason, and how many it stands for.
  mutating func next(now: Monotonic) -> String? {
    dueAt = nil
    guard let reason else { return nil }
    guard bucket.take(at: now) else {
      dueAt = now + bucket.wait(at: now)
      return nil
    }
    defer {
      self.reason = nil
      untold = 0
    }
    return untold == 1 ? reason : "\(reason) (\(untold) failures since the last report)"
  }
}
