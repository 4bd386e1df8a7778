import Base
import Messages

/// When another connection is tried beside one that brings something, and when it takes that one's
/// place: (how things are, now) → action. A value; level-triggered, asked several times a second.
///
/// Two reasons to try:
/// - *return*: a lower address is captured; the first is tried after `firstReturn`, then at intervals
///   that double up to `longestReturn`.
/// - *doubt*: the ladder finds something wrong with what comes. A second connection to the same
///   address is tried, then each other address, then nothing more is done but to tell of it, until
///   the rest, which doubles up to `longestRest`, is over.
///
/// The running connection is never touched before another one has brought what is better, steadily,
/// for `steady`; what that brought meanwhile is kept, so that the two can be joined where they match.
struct TrialPolicy: Sendable {
  struct Limits: Hashable, Sendable {
    var firstReturn = Duration.seconds(15)
    var longestReturn = Duration.seconds(600)
    /// For so long a trial must bring frames in pace.
    var steady = Duration.seconds(10)
    /// For its first frames, beyond `steady`.
    var answer = Duration.seconds(15)
    var firstRest = Duration.seconds(60)
    var longestRest = Duration.seconds(900)
  }

  /// The running capture.
  struct View: Sendable {
    var address: Int
    /// Something comes, whether or not all is well with it.
    var isCapturing: Bool
    var finding: StallLadder.Finding?
  }

  /// The connection that is tried.
  struct Trial: Sendable {
    /// Since when it has brought frames; nil: none yet.
    var framesFor: Duration?
    /// How long what it has brought lasts; more than that time, where the server sent a burst.
    var media = Duration.zero
    var keepsPace: Bool?
    /// What is wrong with what it brings.
    var finding: StallLadder.Finding?
    /// Its frames are those that the running connection brings; nil: not known.
    var isSame: Bool?
    var hasFailed = false
  }

  enum Purpose: Hashable, Sendable {
    case `return`
    case doubt(StallLadder.Finding.Rung)
  }

  enum Action: Hashable, Sendable {
    case attempt(address: Int)
    case drop
    case takeOver(address: Int)
  }

  /// How far up the ladder it is.
  enum Stage: Hashable, Sendable {
    case quiet
    case secondConnection
    case otherAddress(Int)
    /// Nothing better was found; people are told.
    case told
  }

  private struct Attempt: Sendable {
    var address: Int
    var purpose: Purpose
    var since: Monotonic
  }

  private let addresses: Int
  private let limits: Limits
  private var attempt: Attempt?
  private var returnAt: Monotonic?
  private var returnWait: Duration
  /// Since when the first address has been captured.
  private var firstSince: Monotonic?
  private var doubt: StallLadder.Finding.Rung?
  private var tried = 0
  private var isTold = false
  private var doubtAt: Monotonic?
  private var rest: Duration

  init(addresses: Int, limits: Limits = Limits()) {
    precondition(addresses > 0, "a stream has at least one address")
    self.addresses = addresses
    self.limits = limits
    returnWait = limits.firstReturn
    rest = limits.firstRest
  }

  var purpose: Purpose? { attempt?.purpose }

  func stage(of view: View) -> Stage {
    guard doubt != nil else { return .quiet }
    if let attempt, case .doubt = attempt.purpose {
      return attempt.address == view.address ? .secondConnection : .otherAddress(attempt.address)
    }
    return isTold ? .told : .secondConnection
  }

  /// The connection that was tried is needed elsewhere, or gone; nothing is tried now.
  mutating func interrupted() { attempt = nil }

  mutating func look(_ view: View, _ trial: Trial?, _ now: Monotonic) -> Action? {
    guard view.isCapturing else {
      doubt = nil
      guard attempt != nil else { return nil }
      attempt = nil
      return .drop
    }
    noteAddress(view.address, now)
    noteDoubt(view.finding, now)
    if let attempt, let trial { return judge(attempt, trial, view, now) }
    attempt = nil
    return next(view, now)
  }

  private mutating func noteAddress(_ address: Int, _ now: Monotonic) {
    guard address == 0 else {
      firstSince = nil
      if returnAt == nil { returnAt = now + returnWait }
      return
    }
    returnAt = nil
    let since = firstSince ?? now
    firstSince = since
    // One that stays is trusted again; one that comes and goes is asked less and less.
    if now - since >= limits.longestReturn { returnWait = limits.firstReturn }
  }

  private mutating func noteDoubt(_ finding: StallLadder.Finding?, _ now: Monotonic) {
    guard finding?.rung != doubt else { return }
    doubt = finding?.rung
    tried = 0
    isTold = false
    rest = limits.firstRest
    doubtAt = finding == nil ? nil : now
  }

  private mutating func next(_ view: View, _ now: Monotonic) -> Action? {
    if let doubt, let doubtAt, now >= doubtAt {
      let address = (view.address + tried) % addresses
      attempt = Attempt(address: address, purpose: .doubt(doubt), since: now)
      return .attempt(address: address)
    }
    if let returnAt, now >= returnAt {
      attempt = Attempt(address: 0, purpose: .return, since: now)
      return .attempt(address: 0)
    }
    return nil
  }

  private mutating func judge(
    _ attempt: Attempt, _ trial: Trial, _ view: View, _ now: Monotonic
  ) -> Action? {
    if case .doubt = attempt.purpose, view.finding == nil {
      self.attempt = nil
      return .drop
    }
    if isBetter(trial, attempt.purpose) {
      self.attempt = nil
      doubt = nil
      returnAt = nil
      returnWait = min(returnWait * 2, limits.longestReturn)
      return .takeOver(address: attempt.address)
    }
    let isLate =
      now - attempt.since >= limits.answer + max(limits.steady, leastMedia(attempt.purpose))
    guard trial.hasFailed || isLate || isHopeless(trial, attempt.purpose) else { return nil }
    self.attempt = nil
    failed(attempt, now)
    return .drop
  }

  private mutating func failed(_ attempt: Attempt, _ now: Monotonic) {
    guard case .doubt = attempt.purpose else {
      returnWait = min(returnWait * 2, limits.longestReturn)
      returnAt = now + returnWait
      return
    }
    tried += 1
    doubtAt = now
    guard tried == addresses else { return }
    tried = 0
    isTold = true
    doubtAt = now + rest
    rest = min(rest * 2, limits.longestRest)
  }

  /// How much a trial must have brought: whether something loops shows only after a while.
  private func leastMedia(_ purpose: Purpose) -> Duration {
    purpose == .doubt(.looping) || purpose == .doubt(.silent)
      ? LoopDetector.limit + .seconds(5) : .zero
  }

  private func isBetter(_ trial: Trial, _ purpose: Purpose) -> Bool {
    guard !trial.hasFailed, trial.finding == nil, trial.keepsPace == true,
      let lasting = trial.framesFor, lasting >= limits.steady, trial.media >= leastMedia(purpose)
    else { return false }
    return !isHopeless(trial, purpose)
  }

  /// The same sound from elsewhere is no cure for what is wrong with the sound itself.
  private func isHopeless(_ trial: Trial, _ purpose: Purpose) -> Bool {
    switch purpose {
    case .return, .doubt(.noFrames), .doubt(.slow), .doubt(.slowClock): false
    case .doubt(.changed), .doubt(.looping), .doubt(.silent): trial.isSame == true
    }
  }
}
