internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Does what people ask for, which comes by the scheduler.
struct CommandDesk: Sendable {
  let book: ConversionBook
  let outbox: Outbox

  func register(in handlers: inout BusHandlers) {
    handlers.command(RetryConversion.self, answeringBy: outbox, to: .sender) {
      try retry($0.conversion, $2)
    }
    handlers.command(CancelConversion.self, answeringBy: outbox, to: .sender) {
      try cancel($0.conversion, $2)
    }
  }

  private func retry(_ id: JobID, _ transaction: Transaction) throws -> CommandAnswer {
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
    return .done()
  }

  private func cancel(_ id: JobID, _ transaction: Transaction) throws -> CommandAnswer {
    let row = try found(id, transaction)
    guard try book.apply(.cancelAsked, to: row, transaction) != nil else {
      throw Refusal(.conflict, "It has ended already: it is \(row.standing.state.rawValue).")
    }
    return .done()
  }

  private func found(_ id: JobID, _ transaction: Transaction) throws -> ConversionRow {
    guard let row = try ConversionCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "This drop is no longer known here: it was replaced or removed.")
    }
    return row
  }
}
