internal import Base
internal import Messages

/// Where one delivery stands, as its row keeps it.
struct DeliveryProgressState: Hashable, Sendable {
  var state = DeliveryState.queued
  /// Tries that were begun.
  var attempts = 0
  /// Failed tries since the last time that a person or an edit gave it a new start.
  var failures = 0
  /// Tries whose end was never recorded, in a row: this process died in the middle of them.
  var crashes = 0
  var kind: DeliveryError.Kind?
  /// One sentence, where the state needs one.
  var reason: String?
  var retryAt: Instant?
  var remotePath: String?
}

/// Decides what becomes of a delivery after each thing that happens to it.
///
/// A try is counted when it begins, before anything is sent, in the transaction that says so: one
/// that takes the process down with it has been counted, and after three in a row the delivery is
/// set aside instead of taking the process down for ever.
///
/// A value: no clock, no database, no log.
struct DeliveryPolicy: Sendable {
  enum Event: Hashable, Sendable {
    case begun
    /// The bytes are there and are being compared.
    case bytesSent
    case delivered(remotePath: String)
    case failed(DeliveryError)
    /// This process started and finds what the last one left.
    case restarted
    case destinationEdited
    case retryAsked
    case discardAsked
  }

  enum Action: Hashable, Sendable {
    /// The upload that is running is no longer wanted.
    case stopUpload
    /// A person should know; nothing more will happen by itself.
    case raiseDeadLetter
  }

  /// 1 s, doubling to 10 min, with full jitter.
  var backoff = BackoffPolicy(base: .seconds(1), cap: .seconds(600))
  /// About a day: after ten doublings the wait is 5 min on average.
  var triesInOutage = 300
  var triesAtFault = 10
  /// Six hours at one try every ten minutes.
  var triesForThem = 36
  var crashesAllowed = 3

  func next(
    _ old: DeliveryProgressState, _ event: Event, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> (DeliveryProgressState, [Action]) {
    var new = old
    switch event {
    case .begun:
      new.state = .sending
      new.attempts += 1
      new.crashes += 1
      new.retryAt = nil
      return (new, [])
    case .bytesSent:
      if old.state == .sending { new.state = .verifying }
      return (new, [])
    case .delivered(let remotePath):
      // True even where it was discarded meanwhile: the file is there.
      new = DeliveryProgressState(state: .delivered, attempts: old.attempts)
      new.remotePath = remotePath
      return (new, [])
    case .failed(let error):
      guard old.state == .sending || old.state == .verifying else { return (old, []) }
      return failed(old, error, now: now, using: &generator)
    case .restarted:
      guard old.state == .sending || old.state == .verifying else { return (old, []) }
      return restarted(old)
    case .destinationEdited:
      guard old.kind?.mayHealByEdit == true, old.state == .waiting || old.state == .dead else {
        return (old, [])
      }
      return (renewed(old), [])
    case .retryAsked:
      guard [.waiting, .dead, .discarded].contains(old.state) else { return (old, []) }
      return (renewed(old), [])
    case .discardAsked:
      guard old.state != .delivered, old.state != .discarded else { return (old, []) }
      new.state = .discarded
      new.retryAt = nil
      let isRunning = old.state == .sending || old.state == .verifying
      return (new, isRunning ? [.stopUpload] : [])
    }
  }

  private func failed(
    _ old: DeliveryProgressState, _ error: DeliveryError, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> (DeliveryProgressState, [Action]) {
    var new = old
    new.crashes = 0
    if error.kind == .interrupted {
      // Stopped by us: not its fault, and it goes on where it was.
      new.state = .queued
      return (new, [])
    }
    new.failures += 1
    new.kind = error.kind
    new.reason = error.reason
    new.state = .waiting
    let limit: Int
    switch error.kind.failureClass {
    case .useless: return (dead(new), [.raiseDeadLetter])
    case .awaitsEdit: return (new, [])
    case .outage: limit = triesInOutage
    case .fault: limit = triesAtFault
    case .awaitsThem: limit = triesForThem
    }
    if new.failures >= limit { return (dead(new), [.raiseDeadLetter]) }
    let wait =
      error.kind.failureClass == .awaitsThem
      ? backoff.cap : backoff.delay(afterFailures: new.failures, using: &generator)
    new.retryAt = now + wait
    return (new, [])
  }

  private func restarted(
    _ old: DeliveryProgressState
  ) -> (DeliveryProgressState, [Action]) {
    var new = old
    guard old.crashes >= crashesAllowed else {
      new.state = .queued
      return (new, [])
    }
    new.kind = .poison
    new.reason =
      "The delivery service died \(old.crashes) times in a row while it sent this file, so it was set "
      + "aside: see the service's log, then retry or discard it."
    return (dead(new), [.raiseDeadLetter])
  }

  private func dead(_ old: DeliveryProgressState) -> DeliveryProgressState {
    var new = old
    new.state = .dead
    new.retryAt = nil
    return new
  }

  /// Back in the queue as if it were new, except for the count that people see.
  private func renewed(_ old: DeliveryProgressState) -> DeliveryProgressState {
    DeliveryProgressState(state: .queued, attempts: old.attempts)
  }
}
