/// Limits a rate while allowing a burst: `capacity` tokens at most, refilled evenly.
public struct TokenBucket: Sendable {
  public let capacity: Double
  public let refillPerSecond: Double
  private var tokens: Double
  private var updatedAt: Monotonic

  public init(capacity: Double, refillPerSecond: Double, now: Monotonic) {
    precondition(capacity > 0 && refillPerSecond > 0)
    self.capacity = capacity
    self.refillPerSecond = refillPerSecond
    tokens = capacity
    updatedAt = now
  }

  /// Takes the tokens when there are enough; otherwise takes none and says no.
  public mutating func take(_ count: Double = 1, at now: Monotonic) -> Bool {
    refill(at: now)
    guard tokens >= count else { return false }
    tokens -= count
    return true
  }

  /// How long until that many tokens are there; zero when they are.
  public func wait(for count: Double = 1, at now: Monotonic) -> Duration {
    var copy = self
    copy.refill(at: now)
    let missing = min(count, capacity) - copy.tokens
    return missing <= 0
      ? .zero : .nanoseconds(Int64((missing / refillPerSecond * 1e9).rounded(.up)))
  }

  private mutating func refill(at now: Monotonic) {
    let elapsed = (now - updatedAt).inSeconds
    guard elapsed > 0 else { return }
    tokens = min(capacity, tokens + elapsed * refillPerSecond)
    updatedAt = now
  }
}
