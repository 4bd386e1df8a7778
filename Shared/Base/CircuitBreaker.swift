/// Stops calling a peer that keeps failing, and tries it again now and then with one call.
///
/// A value without a clock: the caller says what time it is.
public struct CircuitBreaker: Hashable, Codable, Sendable {
  public enum State: String, Codable, Sendable {
    /// Calls pass.
    case closed
    /// Calls are refused until `retryAt`.
    case open
    /// One call is on its way to find out.
    case halfOpen
  }

  public private(set) var state = State.closed
  public private(set) var failures = 0
  /// When a breaker that is not closed lets the next call through.
  public private(set) var retryAt = Instant.epoch

  private let threshold: Int
  private let restUs: Int64
  private let longestRestUs: Int64
  private var openings = 0

  /// Opens after `threshold` failures in a row and rests for `rest`, doubled at each further
  /// opening up to `longestRest`.
  public init(threshold: Int, rest: Duration, longestRest: Duration) {
    precondition(threshold > 0 && rest > .zero && longestRest >= rest)
    self.threshold = threshold
    restUs = rest.microseconds
    longestRestUs = longestRest.microseconds
  }

  /// Whether a call may be made now; a yes must be followed by `succeeded` or `failed`.
  public mutating func admits(at now: Instant) -> Bool {
    switch state {
    case .closed: return true
    case .open, .halfOpen:
      // A probe that was never answered for (its process was killed) is given up after another rest,
      // or a stored breaker would stay half open for ever.
      guard now >= retryAt else { return false }
      state = .halfOpen
      retryAt = now + .microseconds(restUs)
      return true
    }
  }

  public mutating func succeeded() {
    state = .closed
    failures = 0
    openings = 0
  }

  public mutating func failed(at now: Instant) {
    failures += 1
    // Calls that were under way when it opened tell nothing new.
    guard state == .halfOpen || state == .closed && failures >= threshold else { return }
    let (doubled, isTooLong) = restUs.multipliedReportingOverflow(by: 1 << min(openings, 40))
    openings += 1
    state = .open
    retryAt = now + .microseconds(isTooLong ? longestRestUs : min(longestRestUs, doubled))
  }
}
