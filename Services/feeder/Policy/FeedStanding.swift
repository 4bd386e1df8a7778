internal import Base
internal import Messages

/// Where a feed stands, as its row keeps it.
struct FeedStanding: Codable, Hashable, Sendable {
  var state = FeedState.new
  /// One sentence, where the state needs one.
  var reason: String?
  /// Since the last success.
  var failures = 0
  var breaker = FeedBreaker.fresh
  var move: FeedMove?
  /// How often in a row the server said that it is gone for good.
  var goneCount = 0
  var goneSince: Instant?
  /// How often it is fetched while all is well, in microseconds.
  var intervalUs: Int64 = 0
  /// What its last document said of how often it changes.
  var hints = UpdateHints()
  var fetchedAt: Instant?
  /// The server asked not to be asked before; nobody gets around it.
  var restUntil: Instant?
}

/// What came of a fetch, as far as the feed's standing follows from it.
enum FetchVerdict: Hashable, Sendable {
  /// A document, or "not modified".
  case good(target: String?)
  case gone
  /// `isConnection`: nobody was reached at all.
  case failed(reason: String, isConnection: Bool)
  /// Nobody was reached, and it seems to be our own line.
  case outage
  /// 429 or 503 with a time.
  case rests(until: Instant, reason: String)
}

/// The circuit of one feed: a few failures at growing intervals, then only a trial now and then, and
/// one success closes it. It is part of the row, so that a restart changes nothing.
enum FeedBreaker {
  static let fresh = CircuitBreaker(
    threshold: 6, rest: .seconds(6 * 3600), longestRest: .seconds(4 * 86_400))
}

/// Decides what becomes of a feed after each fetch.
///
/// A value: no clock, no database, no log.
struct FeedPolicy: Hashable, Sendable {
  var schedule = PollSchedule()
  var redirects = RedirectPolicy()
  /// "Gone" (410) is believed after so many times over so long.
  var goneConfirmations = 3
  var gonePatience = Duration.seconds(86_400)
  /// One that is gone is looked for all the same, this seldom.
  var goneInterval = Duration.seconds(7 * 86_400)
  /// How long to wait while our own line is down.
  var outageWait = Duration.seconds(60)
  /// A longer Retry-After is taken for a mistake.
  var longestRest = Duration.seconds(7 * 86_400)

  enum Action: Hashable, Sendable {
    case rewrite(url: String)
    /// Its circuit opened, or it is gone: a person should know.
    case raise
    /// It works again.
    case end
  }

  func next(
    _ old: FeedStanding, _ verdict: FetchVerdict, feed: FeedDefinition, interval: Duration,
    hints: UpdateHints, now: Instant
  ) -> (FeedStanding, nextAt: Instant, [Action]) {
    var new = old
    new.restUntil = nil
    switch verdict {
    case .good(let target):
      return succeeded(new, target, feed: feed, interval: interval, hints: hints, now: now)
    case .gone: return gone(new, feed: feed, now: now)
    case .outage:
      // Nothing was learned of the feed. It is asked again soon, and not all feeds at once.
      let spread = Int64(PollSchedule.hash(feed.id.text) % UInt64(outageWait.microseconds))
      return (new, now + outageWait + .microseconds(spread), [])
    case .rests(let until, let reason):
      let until = min(until, now + longestRest)
      new.restUntil = until
      new.reason = reason
      return (new, until, [])
    case .failed(let reason, _):
      return failed(new, reason, feed: feed, now: now)
    }
  }

  private func succeeded(
    _ old: FeedStanding, _ target: String?, feed: FeedDefinition, interval: Duration,
    hints: UpdateHints, now: Instant
  ) -> (FeedStanding, nextAt: Instant, [Action]) {
    var new = old
    let wasTold = old.state == .broken || old.state == .gone
    new.state = .ok
    new.reason = nil
    new.failures = 0
    new.goneCount = 0
    new.goneSince = nil
    new.breaker.succeeded()
    new.fetchedAt = now
    new.intervalUs = interval.microseconds
    var actions: [Action] = wasTold ? [.end] : []
    switch redirects.next(old.move, target: target, current: feed.url, now: now) {
    case .stay(let move): new.move = move
    case .rewrite(let url):
      new.move = nil
      actions.append(.rewrite(url: url))
    }
    let next = schedule.next(for: feed.id, interval: interval, hints: hints, now: now)
    return (new, next, actions)
  }

  private func gone(
    _ old: FeedStanding, feed: FeedDefinition, now: Instant
  ) -> (FeedStanding, nextAt: Instant, [Action]) {
    var new = old
    new.goneCount += 1
    new.goneSince = old.goneSince ?? now
    let isConfirmed =
      new.goneCount >= goneConfirmations && now - (new.goneSince ?? now) >= gonePatience
    guard isConfirmed else {
      new.failures += 1
      new.state = old.state == .gone ? .gone : .failing
      new.reason = "the server says that it is gone for good; it is asked a few more times"
      let wait = gonePatience / max(1, goneConfirmations - 1)
      return (new, now + max(wait, schedule.minimum), [])
    }
    new.state = .gone
    new.reason = "the server has said \(new.goneCount) times that it is gone for good"
    return (new, now + goneInterval, old.state == .gone ? [] : [.raise])
  }

  private func failed(
    _ old: FeedStanding, _ reason: String, feed: FeedDefinition, now: Instant
  ) -> (FeedStanding, nextAt: Instant, [Action]) {
    var new = old
    new.failures += 1
    new.goneCount = 0
    new.goneSince = nil
    new.reason = reason
    // That it was fetched at all is what lets a call through a circuit that rests.
    _ = new.breaker.admits(at: now)
    new.breaker.failed(at: now)
    let interval = Duration.microseconds(old.intervalUs)
    let retry = schedule.retry(
      for: feed.id, failures: new.failures,
      interval: interval > .zero ? interval : schedule.interval,
      now: now)
    guard new.breaker.state == .open else {
      new.state = .failing
      return (new, retry, [])
    }
    new.state = .broken
    return (new, max(retry, new.breaker.retryAt), old.state == .broken ? [] : [.raise])
  }
}
