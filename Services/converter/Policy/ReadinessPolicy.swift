internal import Base

/// What was seen of a drop that is not taken yet, kept between two looks at it.
struct DropWatch: Hashable, Sendable {
  var identity: FileIdentity
  /// Since when it was neither changed nor open for writing.
  var stillSince: Monotonic
  /// Inspections of this content that found it not whole.
  var inspections = 0
  /// Why it has to be still first.
  var cause = ReadinessPolicy.Wait.changing

  init(_ identity: FileIdentity, at now: Monotonic) {
    self.identity = identity
    stillSince = now
  }
}

/// Whether anybody has a file open for writing, and how that is known.
struct WriterEvidence: Hashable, Sendable {
  enum Source: Hashable, Sendable {
    /// The kernel grants a read lease only where nobody writes (fcntl(2), F_SETLEASE).
    case lease
    /// The descriptors in /proc of the processes that could be looked at.
    case processes(isComplete: Bool)
  }

  let source: Source
  let isOpen: Bool

  /// Completes "nobody writes to it, ".
  var explanation: String {
    switch source {
    case .lease: "by a read lease"
    case .processes(true): "by the open files of all processes"
    case .processes(false):
      "by the open files of this user's processes; those of others cannot be seen"
    }
  }
}

/// Decides when a drop is complete: nobody has it open for writing, it has not changed for the grace
/// period in size, time and inode, and its content is whole. Each of these alone is fooled by some
/// way of writing a file.
///
/// What costs more is asked later: the policy says what to find out next. A content that is not
/// whole is looked at again after twice the time, a few times, and then the drop has failed: a text
/// named `.ts` must not be probed for ever.
///
/// A value: no clock, no disk.
struct ReadinessPolicy: Hashable, Sendable {
  /// Why a drop has to wait; each is one sentence for people.
  enum Wait: Hashable, Sendable {
    case empty
    case changing
    case locked(by: String)
    case openForWriting(WriterEvidence)
    case notWhole(String)

    var sentence: String {
      switch self {
      case .empty: "It is empty."
      case .changing: "It has changed a moment ago; it is taken when it has been still for a while."
      case .locked(let name): "A lock file lies beside it: \(name)."
      case .openForWriting(let evidence):
        "Somebody has it open for writing (known \(evidence.explanation))."
      case .notWhole(let why): why
      }
    }
  }

  enum Step: Hashable, Sendable {
    case wait(Wait)
    /// It has been still for long enough: find out whether anybody writes to it, then whether it is
    /// whole.
    case inspect
  }

  enum Verdict: Hashable, Sendable {
    case ready
    case wait(Wait)
    /// It will not become whole by waiting.
    case failed(String)
  }

  var still: Duration
  var inspectionsAllowed = 4

  /// A look from outside.
  func look(
    _ watch: DropWatch, _ identity: FileIdentity, lock: String?, now: Monotonic
  ) -> (DropWatch, Step) {
    guard identity == watch.identity else {
      return (DropWatch(identity, at: now), .wait(identity.bytes == 0 ? .empty : .changing))
    }
    if identity.bytes == 0 { return (watch, .wait(.empty)) }
    if let lock { return (watch, .wait(.locked(by: lock))) }
    return (watch, now >= readyAt(watch) ? .inspect : .wait(watch.cause))
  }

  /// When a look can first lead to an inspection.
  func readyAt(_ watch: DropWatch) -> Monotonic {
    watch.stillSince + still * (1 << min(watch.inspections, 16))
  }

  /// Somebody writes: stillness begins anew, with what was known of its content forgotten.
  func sawWriter(
    _ watch: DropWatch, _ evidence: WriterEvidence, now: Monotonic
  ) -> (DropWatch, Step) {
    guard evidence.isOpen else { return (watch, .inspect) }
    var next = DropWatch(watch.identity, at: now)
    next.cause = .openForWriting(evidence)
    return (next, .wait(next.cause))
  }

  /// What an inspection found; `identity` is of the file after it.
  func inspected(
    _ watch: DropWatch, _ identity: FileIdentity?, notWhole why: String?, now: Monotonic
  ) -> (DropWatch, Verdict) {
    guard let identity, identity == watch.identity else {
      return (DropWatch(identity ?? watch.identity, at: now), .wait(.changing))
    }
    guard let why else { return (watch, .ready) }
    var next = watch
    next.inspections += 1
    next.cause = .notWhole(why)
    return next.inspections >= inspectionsAllowed
      ? (next, .failed(why)) : (next, .wait(.notWhole(why)))
  }
}
