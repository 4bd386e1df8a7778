internal import Base
internal import Bus
internal import Messages
internal import Storage

/// What people do with tapes: make a recording of a span, past or to come, and hold a span back from
/// removal.
extension CommandDesk {
  /// How far ahead a recording without a schedule may end.
  private static let longestAhead = Duration.seconds(30 * 86_400)
  private static let mostLocks = 500

  func keep(
    _ command: KeepTape, _ id: MessageID, _ transaction: Transaction
  ) throws -> String? {
    let now = time.now()
    try TextRule.checkName(command.title, field: "title")
    guard command.start < command.end else {
      throw Refusal(.invalid, "The end must be after the start.", field: "end")
    }
    guard command.end - command.start <= .seconds(ScheduleValidator.longestSeconds) else {
      throw Refusal(.invalid, "A recording lasts seven days at most.", field: "end")
    }
    guard command.end <= now + Self.longestAhead else {
      throw Refusal(
        .invalid, "This ends more than 30 days from now: make a schedule of it.", field: "end")
    }
    guard Set(command.destinations).count == command.destinations.count,
      command.destinations.count <= 20
    else {
      throw Refusal(
        .invalid, "Name each destination once, and at most 20 of them.", field: "destinations")
    }
    guard try StreamCatalog.find(command.stream, transaction) != nil else {
      throw Refusal(.notFound, "There is no stream '\(command.stream)'.")
    }
    if command.end <= now, try StreamCatalog.tapes(of: command.stream, transaction).isEmpty {
      throw Refusal(
        .conflict, "No recorder has a tape of this stream: it was never captured.",
        field: "start")
    }
    try book.keep(command, as: Self.job(of: id), at: now, transaction)
    signal(transaction) {
      $0.needsAssignment = true
      $0.needsDeadline = true
    }
    return nil
  }

  /// The recording that a command makes: the same however often the command comes.
  static func job(of command: MessageID) -> JobID {
    JobID(unchecked: hexadecimal(SHA256.hash("keep|\(command)".utf8).prefix(16)))
  }

  func lock(_ command: LockTape, _ transaction: Transaction) throws -> String? {
    let lock = command.lock
    guard lock.start < lock.end else {
      throw Refusal(.invalid, "The end must be after the start.", field: "end")
    }
    try TextRule.checkLine(lock.reason, field: "reason", what: "The reason", mostBytes: 500)
    guard try StreamCatalog.find(lock.stream, transaction) != nil else {
      throw Refusal(.notFound, "There is no stream '\(lock.stream)'.")
    }
    let before = try LockCatalog.all(of: lock.stream, transaction)
    if command.isLocked {
      guard before.count < Self.mostLocks else {
        throw Refusal(
          .conflict, "This tape has \(Self.mostLocks) locks already: let go of some first.")
      }
      try LockCatalog.add(lock, transaction)
    } else {
      try LockCatalog.remove(within: lock, transaction)
    }
    let locks = try LockCatalog.all(of: lock.stream, transaction)
    guard locks != before else {
      return command.isLocked ? nil : "No lock lies within this span."
    }
    try outbox.publish(TapeLocksChanged(stream: lock.stream, locks: locks), in: transaction)
    let nodes = try StreamCatalog.tapes(of: lock.stream, transaction)
    signal(transaction) { $0.recorders.formUnion(nodes) }
    return nil
  }
}
