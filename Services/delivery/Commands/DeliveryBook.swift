internal import Base
internal import Bus
internal import Messages
internal import Storage

/// The one way in which a delivery or a destination changes: by the policy, stored and said to all
/// who follow, in one transaction.
struct DeliveryBook: Sendable {
  let policy: DeliveryPolicy
  let outbox: Outbox
  let signals: Signals
  let time: any TimeSource
  let log: Logger

  /// Applies an event; nil where it changed nothing.
  @discardableResult
  func apply(
    _ event: DeliveryPolicy.Event, to row: DeliveryRow, _ transaction: Transaction
  ) throws -> DeliveryRow? {
    var generator = SystemRandomNumberGenerator()
    let now = time.now()
    let (standing, actions) = policy.next(row.standing, event, now: now, using: &generator)
    guard standing != row.standing else { return nil }
    var new = row
    new.standing = standing
    new.updatedAt = now
    try DeliveryCatalog.update(new, transaction)
    try outbox.publish(new.event, in: transaction)
    for action in actions { perform(action, for: new, transaction) }
    signal(transaction)
    return new
  }

  /// Gives what waits for this destination, or died of it, a new start.
  func mend(_ destination: DestinationRow, _ transaction: Transaction) throws {
    for row in try DeliveryCatalog.all(
      to: destination.destination.id, in: [.waiting, .dead], transaction)
    {
      try apply(.destinationMended, to: row, transaction)
    }
    let server = destination.server
    let signals = signals
    transaction.afterCommit { signals.renew(server) }
  }

  /// Shows or clears what is wrong with a destination.
  func note(
    _ error: DeliveryError?, of id: DestinationID, _ transaction: Transaction
  ) throws {
    guard error?.kind.concernsDestination ?? true,
      try DestinationCatalog.setFault(
        error?.reason, foundHostKey: error?.fingerprint, of: id, transaction),
      let row = try DestinationCatalog.find(id, transaction)
    else { return }
    try outbox.publish(row.event, in: transaction)
  }

  func signal(_ transaction: Transaction) {
    let signals = signals
    transaction.afterCommit { signals.wake() }
  }

  private func perform(
    _ action: DeliveryPolicy.Action, for row: DeliveryRow, _ transaction: Transaction
  ) {
    let signals = signals
    let log = log
    transaction.afterCommit {
      switch action {
      case .stopUpload: signals.stop(row.id)
      case .raiseDeadLetter:
        log.error(
          "a delivery needs a person", ("delivery", row.id), ("file", row.fileName),
          ("destination", row.destination), ("reason", row.standing.reason ?? ""))
      }
    }
  }
}
