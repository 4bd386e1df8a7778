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
    handlers.on(RetryAlert.self) { command, received, transaction in
      try answer(received, transaction) { try retry(command.alert, transaction) }
    }
    handlers.on(DismissAlert.self) { command, received, transaction in
      try answer(received, transaction) { try dismiss(command.alert, transaction) }
    }
    handlers.on(TestMail.self) { _, received, transaction in try test(received, transaction) }
  }

  private func answer(
    _ received: Received, _ transaction: Transaction, _ command: () throws -> Void
  ) throws {
    var outcome = CommandOutcome(command: received.id)
    do {
      try command()
    } catch let refusal as Refusal {
      outcome = CommandOutcome(
        command: received.id, refusal: refusal.kind, field: refusal.field, text: refusal.text)
    }
    try book.outbox.publish(outcome, answering: received.id, in: transaction)
  }

  private func retry(_ id: AlertID, _ transaction: Transaction) throws {
    let alert = try found(id, transaction)
    if let mailProblem { throw Refusal(.conflict, mailProblem) }
    guard let new = book.policy.retried(alert, at: book.time.now()) else {
      throw Refusal(
        .conflict,
        alert.mail == .sent ? "It was mailed already." : "It is about to be mailed.")
    }
    try book.save(new, transaction)
  }

  private func dismiss(_ id: AlertID, _ transaction: Transaction) throws {
    let alert = try found(id, transaction)
    if alert.endedAt != nil { return try book.forget(id, transaction) }
    try book.save(book.policy.dismissed(alert, at: book.time.now()), transaction)
  }

  private func test(_ received: Received, _ transaction: Transaction) throws {
    if let mailProblem {
      let outcome = CommandOutcome(
        command: received.id, refusal: .conflict, field: nil, text: mailProblem)
      _ = try book.outbox.publish(outcome, answering: received.id, in: transaction)
      return
    }
    // A mail takes seconds, which a handler has not; the wish is kept until it is answered.
    try MailCatalog.addTest(received.id, at: book.time.now(), transaction)
    book.signal(transaction)
  }

  private func found(_ id: AlertID, _ transaction: Transaction) throws -> AlertStanding {
    guard let alert = try AlertCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no alert '\(id)'.", field: "alert")
    }
    return alert
  }
}
