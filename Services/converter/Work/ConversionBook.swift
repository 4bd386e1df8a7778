internal import Base
internal import Bus
internal import Messages
internal import Storage

/// The one way in which a conversion changes: by the policy, stored and said to the scheduler, in one
/// transaction.
struct ConversionBook: Sendable {
  let node: NodeID
  let policy: ConversionPolicy
  let destinations: [DestinationID]
  let outbox: Outbox
  let signals: Signals
  let time: any TimeSource
  let metrics: ConverterMetrics

  static let scheduler = NodeID(unchecked: "scheduler")

  /// Enters a drop that was just found; nil where it is known.
  func enter(
    _ path: DropPath, _ identity: FileIdentity, _ transaction: Transaction
  ) throws -> ConversionRow? {
    let now = time.now()
    var row = ConversionRow(
      id: JobID(unchecked: identity.id(at: path)), path: path, identity: identity, foundAt: now,
      updatedAt: now)
    row.standing.reason =
      identity.bytes == 0
      ? ReadinessPolicy.Wait.empty.sentence : ReadinessPolicy.Wait.changing.sentence
    guard try ConversionCatalog.insert(row, transaction) else { return nil }
    try say(row, transaction)
    return row
  }

  /// Applies an event, and `change` to what else the row keeps; nil where nothing changed.
  @discardableResult
  func apply(
    _ event: ConversionPolicy.Event, to row: ConversionRow, _ transaction: Transaction,
    change: (inout ConversionRow) -> Void = { _ in }
  ) throws -> ConversionRow? {
    let now = time.now()
    let (standing, actions) = policy.next(row.standing, event, now: now)
    var new = row
    new.standing = standing
    if standing.state == .queued, row.standing.state != .queued { new.queuedAt = now }
    if event == .begun { new.startedAt = now }
    change(&new)
    guard new != row else { return nil }
    new.updatedAt = now
    try ConversionCatalog.update(new, transaction)
    try say(new, transaction)
    let signals = signals
    if new.standing.state == .growing, row.standing.state != .growing {
      transaction.afterCommit { signals.look() }
    }
    if actions.contains(.stopWork) { transaction.afterCommit { signals.stop(row.id) } }
    if standing.state != row.standing.state {
      let metrics = metrics
      transaction.afterCommit { metrics.entered(standing.state) }
    }
    return new
  }

  private func say(_ row: ConversionRow, _ transaction: Transaction) throws {
    try outbox.send(
      ConversionReported(conversion: row.conversion(of: node), destinations: destinations),
      to: Self.scheduler, in: transaction)
    let signals = signals
    transaction.afterCommit { signals.wake() }
  }
}
