internal import Base

/// The taking of one snapshot, part by part, from one producer.
///
/// A part that does not come is asked for again; a snapshot that the producer no longer holds (it
/// restarted) is begun anew under a new id.
struct SnapshotIntake: Sendable {
  enum Step: Hashable, Sendable {
    case ask(part: Int)
    case complete(Position, [SnapshotMessage])
    case ignore
  }

  private(set) var id: MessageID
  private var messages: [SnapshotMessage] = []
  private var position: Position?
  private var nextPart = 0
  private var tries = 0
  private var askAt: Monotonic

  static let patience = Duration.seconds(1)

  init(id: MessageID, now: Monotonic) {
    self.id = id
    askAt = now
  }

  mutating func receive(_ part: SnapshotPart, now: Monotonic) -> Step {
    guard part.id == id, part.part == nextPart else { return .ignore }
    if let position, position != part.position { return .ignore }
    position = part.position
    messages += part.messages
    nextPart += 1
    tries = 0
    if part.isLast { return .complete(part.position, messages) }
    askAt = now + SnapshotIntake.patience
    return .ask(part: nextPart)
  }

  /// What to ask for, when it is time to.
  mutating func due(now: Monotonic, freshID: MessageID) -> Int? {
    guard now >= askAt else { return nil }
    tries += 1
    if tries > 5, nextPart > 0 { self = SnapshotIntake(id: freshID, now: now) }
    askAt = now + SnapshotIntake.patience
    return nextPart
  }
}
