internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Does what people ask for, which comes by the scheduler: each command is checked, applied and
/// answered in one transaction, the one that also moves the place in the scheduler's log.
struct CommandDesk: Sendable {
  let book: ConversionBook
  let outbox: Outbox

  func register(in handlers: inout BusHandlers) {
    handlers.on(RetryConversion.self) { command, received, transaction in
      try answer(received, transaction) { try retry(command.conversion, transaction) }
    }
    handlers.on(CancelConversion.self) { command, received, transaction in
      try answer(received, transaction) { try cancel(command.conversion, transaction) }
    }
  }

  /// A refusal is thrown before anything is written, so committing the outcome alone is right.
  private func answer(
    _ received: Received, _ transaction: Transaction, _ command: () throws -> Void
  ) throws {
    var outcome = CommandOutcome(command: received.id)
    do {
      try command()
    } catch let refusal as Refusal {
      outcome.refusal = refusal.kind
      outcome.text = refusal.text
    }
    try outbox.send(
      outcome, to: received.from, answering: received.id, in: transaction)
  }

  private func retry(_ id: JobID, _ transaction: Transaction) throws {
    let row = try found(id, transaction)
    guard row.standing.state.isFinal else {
      throw Refusal(.conflict, "It is \(row.standing.state.rawValue) already.")
    }
    guard row.pendingAfter == nil, let identity = FileIdentity.of(row.path) else {
      throw Refusal(
        .conflict, "The drop is no longer at \(row.path.text): put it back, or drop it anew.")
    }
    try book.apply(.retryAsked, to: row, transaction) { new in
      new.identity = identity
      new.file = nil
      new.captions = nil
    }
  }

  private func cancel(_ id: JobID, _ transaction: Transaction) throws {
    let row = try found(id, transaction)
    guard try book.apply(.cancelAsked, to: row, transaction) != nil else {
      throw Refusal(.conflict, "It has ended already: it is \(row.standing.state.rawValue).")
    }
  }

  private func found(_ id: JobID, _ transaction: Transaction) throws -> ConversionRow {
    guard let row = try ConversionCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "This drop is no longer known here: it was replaced or removed.")
    }
    return row
  }
}

/// Why a command is not done; thrown before anything of it was written.
struct Refusal: Error, Hashable {
  let kind: CommandOutcome.Refusal
  /// One sentence: what is wrong, and what to do.
  let text: String

  init(_ kind: CommandOutcome.Refusal, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
