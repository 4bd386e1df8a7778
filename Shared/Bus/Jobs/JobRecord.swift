public import Base

/// The life of one timed job as the scheduler keeps it: who holds it, with which fencing token, and
/// how it ended. A value without I/O or clock; the scheduler stores it, the simulator breaks it.
///
/// Capturing twice is allowed, committing twice is not: a lease that runs out never stops a running
/// capture, it only lets the job be given to somebody else under a higher token, and from then on
/// the lower token can commit nothing.
public struct JobRecord: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// Nobody holds it.
    case planned
    /// `holder` holds it until `leaseUntil`, and after that for as long as nobody else does.
    case assigned
    /// Its one canonical result exists, made under this token.
    case committed(token: Int64)
    /// It ended without a result; one sentence why.
    case missed(reason: String)
    case cancelled

    public var isFinal: Bool {
      switch self {
      case .planned, .assigned: false
      case .committed, .missed, .cancelled: true
      }
    }
  }

  /// What became of an attempt to publish a result.
  public enum Commit: Hashable, Sendable {
    /// This result is the canonical one, from now on.
    case accepted
    /// This result was already accepted; the message is a repeat.
    case repeated
    /// Another holder has a higher token, or the job has ended otherwise.
    case refused(reason: String)
  }

  public let id: JobID
  /// When the work starts and ends.
  public private(set) var start: Instant
  public private(set) var end: Instant
  public private(set) var state: State
  public private(set) var holder: NodeID?
  /// 0 until first assigned; grows by one with each assignment.
  public private(set) var token: Int64
  public private(set) var leaseUntil: Instant?

  public init(
    id: JobID, start: Instant, end: Instant, state: State = .planned, holder: NodeID? = nil,
    token: Int64 = 0, leaseUntil: Instant? = nil
  ) {
    self.id = id
    self.start = start
    self.end = end
    self.state = state
    self.holder = holder
    self.token = token
    self.leaseUntil = leaseUntil
  }

  /// Whether it may be given to somebody (else) now.
  public func isAssignable(at now: Instant) -> Bool {
    switch state {
    case .planned: true
    case .assigned: leaseUntil.map { now >= $0 } ?? true
    case .committed, .missed, .cancelled: false
    }
  }

  /// Gives the job to a node under a new token.
  public mutating func assign(to node: NodeID, until leaseUntil: Instant) {
    precondition(!state.isFinal, "a job that has ended cannot be assigned")
    holder = node
    token += 1
    self.leaseUntil = leaseUntil
    state = .assigned
  }

  /// The holder was heard from. Anybody else's word changes nothing.
  public mutating func renew(by node: NodeID, until leaseUntil: Instant) {
    guard state == .assigned, holder == node else { return }
    self.leaseUntil = max(leaseUntil, self.leaseUntil ?? leaseUntil)
  }

  /// The holder gave it up (it failed, or will not do it): the job can be assigned again. A word
  /// under an old token changes nothing.
  public mutating func release(token: Int64) {
    guard state == .assigned, token == self.token else { return }
    state = .planned
    holder = nil
    leaseUntil = nil
  }

  /// Compare-and-set on the token: the one place where a result becomes canonical.
  public mutating func commit(token: Int64) -> Commit {
    switch state {
    case .committed(let canonical):
      return canonical == token
        ? .repeated : .refused(reason: "another recorder's file was already accepted")
    case .missed, .cancelled: return .refused(reason: "the recording had already ended without it")
    case .planned, .assigned:
      guard token == self.token, token > 0 else {
        return .refused(reason: "the recording had been given to another recorder")
      }
      state = .committed(token: token)
      leaseUntil = nil
      return .accepted
    }
  }

  /// Ends the job without a result. A job that has ended stays as it ended.
  public mutating func miss(reason: String) {
    guard !state.isFinal else { return }
    state = .missed(reason: reason)
    leaseUntil = nil
  }

  public mutating func cancel() {
    guard !state.isFinal else { return }
    state = .cancelled
    leaseUntil = nil
  }

  /// Moves the window's end (a show is cut short or runs on).
  public mutating func move(end: Instant) {
    guard !state.isFinal else { return }
    self.end = end
  }
}
