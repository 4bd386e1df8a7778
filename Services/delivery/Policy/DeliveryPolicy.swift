internal import Base
internal import Messages

/// Where one delivery stands, as its row keeps it.
struct DeliveryStanding: Hashable, Sendable {
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
    /// The destination was edited, or a test of it passed.
    case destinationMended
    case retryAsked
    case discardAsked
  }

  enum Action: Hashable, Sendable {
    /// The upload that is running is no longer wanted.
    case stopUpload
    /// A person should know; nothing more will happen by itself.
    case raiseDeadLetter
  }

  /// With full jitter.
  var backoff = BackoffPolicy(base: .seconds(1), cap: .seconds(600))
  /// Tries before a dead letter where the fault is not the line's or the far disk's.
  var tries = 12
  /// An outage passes by itself: with the defaults 300 tries take about a day.
  var outageFactor = 25
  var crashesAllowed = 3

  func next(
    _ old: DeliveryStanding, _ event: Event, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> (DeliveryStanding, [Action]) {
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
      new = DeliveryStanding(state: .delivered, attempts: old.attempts)
      new.remotePath = remotePath
      return (new, [])
    case .failed(let error):
      guard old.state == .sending || old.state == .verifying else { return (old, []) }
      return failed(old, error, now: now, using: &generator)
    case .restarted:
      guard old.state == .sending || old.state == .verifying else { return (old, []) }
      return restarted(old)
    case .destinationMended:
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
    _ old: DeliveryStanding, _ error: DeliveryError, now: Instant,
    using generator: inout some RandomNumberGenerator
  ) -> (DeliveryStanding, [Action]) {
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
    case .outage: limit = tries * outageFactor
    case .fault, .awaitsThem: limit = tries
    }
    if new.failures >= limit { return (dead(new), [.raiseDeadLetter]) }
    let wait =
      error.kind.failureClass == .awaitsThem
      ? backoff.cap : backoff.delay(afterFailures: new.failures, using: &generator)
    new.retryAt = now + wait
    return (new, [])
  }

  private func restarted(
    _ old: DeliveryStanding
  ) -> (DeliveryStanding, [Action]) {
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

  private func dead(_ old: DeliveryStanding) -> DeliveryStanding {
    var new = old
    new.state = .dead
    new.retryAt = nil
    return new
  }

  /// Back in the queue as if it were new, except for the count that people see.
  private func renewed(_ old: DeliveryStanding) -> DeliveryStanding {
    DeliveryStanding(state: .queued, attempts: old.attempts)
  }
}
