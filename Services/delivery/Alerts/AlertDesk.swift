internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Takes alerts from all services, and what people want done with them.
struct AlertDesk: Sendable {
  let book: AlertBook
  /// Why nothing can be mailed, in one sentence; nil where mails are configured.
  let mailProblem: String?

  func register(in handlers: inout BusHandlers) {
    handlers.on(RaiseAlert.self) { event, received, transaction in
      try book.raise(event, by: received.from, transaction)
    }
    handlers.on(EndAlert.self) { event, _, transaction in try book.end(event, transaction) }
    let outbox = book.outbox
    handlers.command(RetryAlert.self, answeringBy: outbox) { try retry($0.alert, $2) }
    handlers.command(DismissAlert.self, answeringBy: outbox) { try dismiss($0.alert, $2) }
    handlers.command(TestMail.self, answeringBy: outbox) { try test($1, $2) }
  }

  private func retry(_ id: AlertID, _ transaction: Transaction) throws -> CommandAnswer {
    let alert = try found(id, transaction)
    if let mailProblem { throw Refusal(.conflict, mailProblem) }
    guard let new = book.policy.retried(alert, at: book.time.now()) else {
      throw Refusal(
        .conflict,
        alert.mail == .sent ? "It was mailed already." : "It is about to be mailed.")
    }
    try book.save(new, transaction)
    return .done()
  }

  private func dismiss(_ id: AlertID, _ transaction: Transaction) throws -> CommandAnswer {
    let alert = try found(id, transaction)
    if alert.endedAt != nil {
      try book.forget(id, transaction)
    } else {
      try book.save(book.policy.dismissed(alert, at: book.time.now()), transaction)
    }
    return .done()
  }

  private func test(_ received: Received, _ transaction: Transaction) throws -> CommandAnswer {
    if let mailProblem { throw Refusal(.conflict, mailProblem) }
    // A mail takes seconds, which a handler has not; the wish is kept until it is answered.
    try MailCatalog.addTest(received.id, at: book.time.now(), transaction)
    book.signal(transaction)
    return .later
  }

  private func found(_ id: AlertID, _ transaction: Transaction) throws -> AlertStanding {
    guard let alert = try AlertCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no alert '\(id)'.", field: "alert")
    }
    return alert
  }
}
