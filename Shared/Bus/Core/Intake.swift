internal import Base

/// A consumer's place in one channel of one producer's log.
struct Intake: Sendable {
  enum Admission: Hashable, Sendable {
    /// The next in order: apply it.
    case apply
    /// Applied before; acknowledge again, because the earlier acknowledgement may be lost.
    case duplicate
    /// Something before it is missing; ask for what comes after the position.
    case hole
    /// From another life of the producer's database than the one known here; greet first.
    case stranger
  }

  /// nil until the producer has greeted.
  private(set) var position: Position?
  /// Earlier lives of the producer's database. A packet of theirs that was long on its way must not
  /// bring them back: the place in the present life would be forgotten, and its entries applied twice.
  private var retired: Set<Incarnation>
  private var askedAgainAt: Monotonic?
  private var askedAfter: Int64?

  init(position: Position? = nil, retired: Set<Incarnation> = []) {
    self.position = position
    self.retired = retired
  }

  func isRetired(_ incarnation: Incarnation) -> Bool { retired.contains(incarnation) }

  func admit(incarnation: Incarnation, previous: Int64, sequence: Int64) -> Admission {
    guard let position, position.incarnation == incarnation else { return .stranger }
    if sequence <= position.cursor { return .duplicate }
    return previous <= position.cursor ? .apply : .hole
  }

  /// Moves on, as the effects up to `cursor` are committed.
  mutating func advance(to cursor: Int64) {
    guard let position, cursor > position.cursor else { return }
    self.position = Position(incarnation: position.incarnation, cursor: cursor)
  }

  /// Starts over in a new life of the producer's database, or after a snapshot.
  mutating func reset(to position: Position) {
    if let before = self.position, before.incarnation != position.incarnation {
      retired.insert(before.incarnation)
    }
    self.position = position
    askedAfter = nil
  }

  /// Whether to ask for the missing entries now: once for each place, and again after a while.
  mutating func mayAskAgain(now: Monotonic) -> Bool {
    guard let position else { return false }
    if askedAfter == position.cursor, let askedAgainAt,
      now - askedAgainAt < .milliseconds(200)
    {
      return false
    }
    askedAfter = position.cursor
    askedAgainAt = now
    return true
  }
}
