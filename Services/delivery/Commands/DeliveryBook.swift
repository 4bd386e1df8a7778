internal import Base
internal import Bus
internal import Messages
internal import Storage

/// The one way in which a delivery or a destination changes: by the policy, stored and said to all
/// who follow, in one transaction.
struct DeliveryBook: Sendable {
  private static let scheduler = NodeID(unchecked: "scheduler")

  let policy: DeliveryPolicy
  let outbox: Outbox
  let alerts: AlertBook
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
    // The scheduler keeps the tape of a recording until its file is where it should be.
    if new.origin ?? .recording == .recording,
      new.standing.state == .delivered || new.standing.state == .discarded
    {
      try outbox.send(new.event, to: Self.scheduler, in: transaction)
    }
    if row.standing.state == .dead || new.standing.state == .dead {
      try tellOfDeadLetters(to: row.destination, newest: new, transaction)
    }
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
    let server = destination.route
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
    try tellOfFault(row, transaction)
  }

  /// Says to people that a destination takes nothing, or that it does again.
  func tellOfFault(_ row: DestinationRow, _ transaction: Transaction) throws {
    let destination = row.destination
    let alert = AlertID(unchecked: "destination-fault.\(destination.id)")
    guard let fault = row.fault else {
      return try alerts.end(alert, "“\(destination.name)” takes files again.", transaction)
    }
    try alerts.raise(
      alert, .warning, subject: "Nothing can be delivered to “\(destination.name)”", text: fault,
      transaction)
  }

  /// One alert for each destination, whatever the number: thousands may die of one cause.
  func tellOfDeadLetters(
    to id: DestinationID, newest: DeliveryRow, _ transaction: Transaction
  ) throws {
    let alert = AlertID(unchecked: "deliveries-dead.\(id)")
    let count = try DeliveryCatalog.deadCount(to: id, transaction)
    guard count > 0 else {
      return try alerts.end(alert, "No delivery there waits for a person any more.", transaction)
    }
    guard newest.standing.state == .dead else { return }
    let what = count == 1 ? "A delivery needs" : "\(count) deliveries need"
    try alerts.raise(
      alert, .critical, subject: "\(what) a person: \(id)",
      text:
        "\(newest.fileName) could not be delivered to \(id). \(newest.standing.reason ?? "") Retry or "
        + "discard what is set aside on the page.", transaction)
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
