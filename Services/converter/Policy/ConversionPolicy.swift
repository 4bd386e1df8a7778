internal import Base
internal import Messages

/// Where one conversion stands, as its row keeps it.
struct ConversionStanding: Hashable, Sendable {
  var state = ConversionState.growing
  /// One sentence, where the state needs one.
  var reason: String?
  var isCancelled = false
  /// Tries that were begun.
  var attempts = 0
  /// Failed tries since the last time that a person or a change of the drop gave it a new start.
  var failures = 0
  /// Tries whose end was never recorded, in a row: this process died in the middle of them.
  var crashes = 0
  var retryAt: Instant?
}

/// Decides what becomes of a conversion after each thing that happens to it.
///
/// A try is counted when it begins, in the transaction that says so: one that takes the process down
/// with it has been counted, and after three in a row the drop is set aside.
///
/// A value: no clock, no database, no log.
struct ConversionPolicy: Hashable, Sendable {
  enum Event: Hashable, Sendable {
    /// It is not taken yet, for this reason.
    case waits(String)
    /// Its content changed while it waited.
    case changed
    /// It is complete.
    case ready
    /// It will never be complete by waiting.
    case unfit(String)
    case begun
    /// The output is written and is being checked.
    case encoded
    case converted
    case failed(ConverterError)
    case vanished
    /// A vanished or waiting drop was found under another name.
    case renamed
    /// This process started and finds what the last one left.
    case restarted
    case retryAsked
    case cancelAsked
  }

  enum Action: Hashable, Sendable {
    /// The work on it is no longer wanted.
    case stopWork
  }

  var attemptsAllowed = 2
  var crashesAllowed = 3
  /// Before a failed drop's next try, and before what waits for room is looked at again.
  var rest = Duration.seconds(30)

  static let crashed =
    "The converter died three times in a row while it worked on this drop, so it was set aside: see "
    + "the service's log, then have it tried again."
  static let calledOff = "It was called off by a person."
  static let gone = "The drop was removed or moved away before it was converted."

  func next(
    _ old: ConversionStanding, _ event: Event, now: Instant
  ) -> (ConversionStanding, [Action]) {
    var new = old
    switch event {
    case .waits(let reason):
      guard old.state == .growing else { return (old, []) }
      new.reason = reason
    case .changed:
      guard old.state == .growing || old.state == .queued else { return (old, []) }
      new = renewed(old)
      new.reason = ReadinessPolicy.Wait.changing.sentence
    case .ready:
      guard old.state == .growing else { return (old, []) }
      new.state = .queued
      new.reason = nil
    case .unfit(let reason):
      guard old.state == .growing else { return (old, []) }
      new = failed(old, reason)
    case .begun:
      guard old.state == .queued else { return (old, []) }
      new.state = .converting
      new.attempts += 1
      new.crashes += 1
      new.reason = nil
      new.retryAt = nil
    case .encoded:
      guard old.state == .converting else { return (old, []) }
      new.state = .verifying
    case .converted:
      // True even where it was called off meanwhile: the file is there.
      new = ConversionStanding(state: .converted, attempts: old.attempts)
    case .failed(let error):
      guard isWorkedOn(old) else { return (old, []) }
      new = after(error, old, now: now)
    case .vanished:
      guard old.state == .growing || old.state == .queued else { return (old, []) }
      new = renewed(old)
      new.state = .vanished
      new.reason = Self.gone
    case .renamed:
      if old.state == .vanished { new = renewed(old) }
    case .restarted:
      guard isWorkedOn(old) else { return (old, []) }
      new = old.crashes >= crashesAllowed ? failed(old, Self.crashed) : returned(old)
    case .retryAsked:
      guard old.state.isFinal else { return (old, []) }
      new = renewed(old)
    case .cancelAsked:
      guard !old.state.isFinal else { return (old, []) }
      new = failed(old, Self.calledOff)
      new.isCancelled = true
      return (new, isWorkedOn(old) ? [.stopWork] : [])
    }
    return (new, [])
  }

  private func isWorkedOn(_ standing: ConversionStanding) -> Bool {
    standing.state == .converting || standing.state == .verifying
  }

  private func after(
    _ error: ConverterError, _ old: ConversionStanding, now: Instant
  ) -> ConversionStanding {
    var new = old
    new.crashes = 0
    switch error.kind.failureClass {
    case .none:
      // Stopped by us: not its fault.
      return returned(new)
    case .lookAgain:
      new = renewed(old)
      new.reason = error.reason
    case .wait:
      new.state = .queued
      new.reason = error.reason
      new.retryAt = now + rest
    case .fault:
      new.failures += 1
      if new.failures >= attemptsAllowed { return failed(new, error.reason) }
      new.state = .queued
      new.reason = error.reason
      new.retryAt = now + rest
    }
    return new
  }

  /// Looked at again from the start, because it may have changed while nobody looked.
  private func returned(_ old: ConversionStanding) -> ConversionStanding {
    var new = old
    new.state = .growing
    new.reason = nil
    new.retryAt = nil
    return new
  }

  private func failed(_ old: ConversionStanding, _ reason: String) -> ConversionStanding {
    var new = old
    new.state = .failed
    new.reason = reason
    new.retryAt = nil
    return new
  }

  /// As if it were new, except for the count that people see.
  private func renewed(_ old: ConversionStanding) -> ConversionStanding {
    ConversionStanding(state: .growing, attempts: old.attempts)
  }
}
