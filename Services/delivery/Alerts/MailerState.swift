internal import Base

/// What is known of the mail server, kept over restarts.
struct MailerState: Hashable, Codable, Sendable {
  var breaker: CircuitBreaker
  /// When the last mail was taken.
  var lastMailAt: Instant?
  /// When the last one was not.
  var failedAt: Instant?
  /// One sentence while the server does not take mails.
  var fault: String?
  /// Numbers the mails, so that no two have the same Message-ID.
  var mails: Int64 = 0
}

/// Decides when the next mail is made, and what an answer says of the mail server. A value.
///
/// At most one mail is under way, and at most one is made in each interval; whatever is pending then
/// goes into it. While the server fails, the breaker lets one try through now and then: so a day's
/// outage ends with one mail that says everything, and never with a burst.
struct MailerPolicy: Sendable {
  enum Decision: Hashable, Sendable {
    case wait(until: Instant?)
    /// Send what was handed over once and never answered for, as it was.
    case sendAgain
    /// Make a mail of all that is due.
    case make
  }

  var interval = Duration.seconds(60)
  /// The failures in a row after which the server is left alone.
  static let threshold = 3
  let newState: MailerState

  init(interval: Duration, retryFirst: Duration, retryCap: Duration) {
    self.interval = interval
    newState = MailerState(
      breaker: CircuitBreaker(
        threshold: Self.threshold, rest: retryFirst, longestRest: max(retryFirst, retryCap)))
    self.retryFirst = retryFirst
  }

  private let retryFirst: Duration

  /// `dues` are those of what is pending. A yes must be followed by `ended`.
  func next(
    _ state: inout MailerState, dues: [Instant], isUnanswered: Bool, at now: Instant
  ) -> Decision {
    guard isUnanswered || !dues.isEmpty else { return .wait(until: nil) }
    var earliest = isUnanswered ? now : dues.min() ?? now
    if !isUnanswered, let last = state.lastMailAt { earliest = max(earliest, last + interval) }
    // Before the breaker opens, a failure is followed by a short rest all the same.
    if let retryAt = retryAt(state) { earliest = max(earliest, retryAt) }
    // A wall clock that was set back must not silence us for long.
    earliest = min(earliest, now + max(interval, .seconds(86_400)))
    guard now >= earliest, state.breaker.admits(at: now) else { return .wait(until: earliest) }
    return isUnanswered ? .sendAgain : .make
  }

  /// When a server that failed is tried again; nil where it did not.
  func retryAt(_ state: MailerState) -> Instant? {
    if state.breaker.state != .closed { return state.breaker.retryAt }
    guard state.breaker.failures > 0, let failedAt = state.failedAt else { return nil }
    return failedAt + retryFirst
  }

  /// The server was seen to be well, otherwise than by a mail of ours; true where that is news.
  func answered(_ state: inout MailerState) -> Bool {
    state.breaker.succeeded()
    defer { state.fault = nil }
    return state.fault != nil
  }

  /// What an answer says of the server; true where what people are told has changed.
  func ended(_ state: inout MailerState, _ error: MailError?, at now: Instant) -> Bool {
    let before = state.fault
    guard let error else {
      state.lastMailAt = now
      return answered(&state)
    }
    state.failedAt = now
    state.breaker.failed(at: now)
    if state.breaker.state == .open || error.kind.isRefusal { state.fault = error.reason }
    return before != state.fault
  }
}
