/// How long to wait before the next try: full jitter, the ceiling doubling from `base` to `cap`.
///
/// Full jitter (a uniform draw from zero to the ceiling) spreads a crowd of clients best for the
/// same total work; see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct BackoffPolicy: Sendable {
  public var base: Duration
  public var cap: Duration
  /// Whether the first try after a failure comes at once.
  public var isFirstRetryImmediate: Bool

  public init(base: Duration, cap: Duration, isFirstRetryImmediate: Bool = false) {
    precondition(base > .zero && cap >= base, "a backoff needs 0 < base ≤ cap")
    self.base = base
    self.cap = cap
    self.isFirstRetryImmediate = isFirstRetryImmediate
  }

  /// The longest wait after that many failures in a row (1 = the first).
  public func ceiling(afterFailures failures: Int) -> Duration {
    if isFirstRetryImmediate && failures <= 1 { return .zero }
    let steps = max(0, failures - (isFirstRetryImmediate ? 2 : 1))
    // 2^40 times any base is past every cap in use.
    return steps >= 40 ? cap : min(cap, base * (1 << steps))
  }

  public func delay(
    afterFailures failures: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    let ceiling = ceiling(afterFailures: failures).nanoseconds
    return ceiling <= 0 ? .zero : .nanoseconds(Int64.random(in: 0...ceiling, using: &generator))
  }

  public func delay(afterFailures failures: Int) -> Duration {
    var generator = SystemRandomNumberGenerator()
    return delay(afterFailures: failures, using: &generator)
  }
}
