internal import Base
internal import Bus
internal import Messages
internal import Service
internal import Storage
internal import Synchronization

/// The one way in which an alert changes: by the policy, stored and said to all who follow, in one
/// transaction.
struct AlertBook: Sendable {
  let policy: AlertPolicy
  /// Who we are, for alerts of our own.
  let node: NodeID
  let outbox: Outbox
  /// Wakes the loop that mails.
  let wake: Bell
  let time: any TimeSource

  /// Raises an alert of our own.
  func raise(
    _ id: AlertID, _ severity: AlertSeverity, subject: String, text: String,
    _ transaction: Transaction
  ) throws {
    try raise(
      RaiseAlert(id: id, severity: severity, subject: subject, text: text, at: time.now()),
      by: node, transaction)
  }

  func raise(_ event: RaiseAlert, by node: NodeID, _ transaction: Transaction) throws {
    let old = try AlertCatalog.find(event.id, transaction)
    let new = policy.raised(old, event, by: node, at: time.now())
    if new != old { try save(new, transaction) }
  }

  func end(_ id: AlertID, _ text: String, _ transaction: Transaction) throws {
    try end(EndAlert(id: id, text: text, at: time.now()), transaction)
  }

  func end(_ event: EndAlert, _ transaction: Transaction) throws {
    guard let old = try AlertCatalog.find(event.id, transaction),
      let new = policy.ended(old, event, at: time.now())
    else { return }
    try save(new, transaction)
  }

  /// Stores it and says so.
  func save(
    _ alert: AlertStanding, retryAt: Instant? = nil, _ transaction: Transaction
  ) throws {
    try AlertCatalog.save(alert, transaction)
    try outbox.publish(
      AlertChanged(id: alert.id, alert: alert.alert(retryAt: retryAt)), in: transaction)
    signal(transaction)
  }

  func forget(_ id: AlertID, _ transaction: Transaction) throws {
    try AlertCatalog.remove(id, transaction)
    try outbox.publish(AlertChanged(id: id, alert: nil), in: transaction)
  }

  func signal(_ transaction: Transaction) {
    let wake = wake
    transaction.afterCommit { wake.ring() }
  }
}
