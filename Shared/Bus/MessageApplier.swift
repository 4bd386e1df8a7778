internal import Base
internal import Storage

/// Applies one message inside a transaction: its handler's effect, or a row that says why not.
///
/// A message that can never be applied is set aside with its reason, so that those behind it go on;
/// a fault that may pass (no room on the disk) is thrown on, so that nothing of the transaction
/// stands and the sender sends again.
struct MessageApplier: Sendable {
  /// nil sets everything aside: what is applied has killed the process before.
  let handlers: [String: BusHandlers.Apply]?
  let time: any TimeSource
  let log: Logger

  func apply(
    _ entry: LogEntryRecord, from producer: NodeID, _ transaction: Transaction
  ) throws {
    guard let handlers else {
      return try setAside(
        entry, producer, "the process ended three times while it was being applied", transaction)
    }
    guard let handler = handlers[entry.type] else {
      return try setAside(
        entry, producer, "this version does not know messages of the type \(entry.type)",
        transaction)
    }
    let received = Received(
      id: entry.id, from: producer, correlation: entry.correlation, createdAt: entry.createdAt)
    do {
      try transaction.nested { try handler(entry.body, received, transaction) }
    } catch let error as StorageError where error.mayPass || error.kind == .corrupt {
      // A damaged database is no fault of the message either.
      throw error
    } catch {
      try setAside(entry, producer, "\(error)", transaction)
    }
  }

  private func setAside(
    _ entry: LogEntryRecord, _ producer: NodeID, _ reason: String, _ transaction: Transaction
  ) throws {
    log.error(
      "a message was set aside", ("type", entry.type), ("from", producer), ("id", entry.id),
      ("reason", reason))
    try PositionStore.setAside(
      entry, from: producer, reason: reason, at: time.now(), transaction)
  }
}
