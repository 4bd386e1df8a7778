internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Does what people and the scheduler ask for.
struct CommandDesk: Sendable {
  let book: DeliveryBook
  let outbox: Outbox
  let signals: Signals
  let secrets: SealingKeeper
  let time: any TimeSource

  func register(in handlers: inout BusHandlers) {
    handlers.on(Deliver.self) { request, _, transaction in try deliver(request, transaction) }
    handlers.command(PutDestination.self, answeringBy: outbox) { try put($0, $2) }
    handlers.command(RemoveDestination.self, answeringBy: outbox) { try remove($0, $2) }
    handlers.command(TestDestination.self, answeringBy: outbox) { try test($0, $1, $2) }
    handlers.command(RetryDelivery.self, answeringBy: outbox) { try retry($0, $2) }
    handlers.command(DiscardDelivery.self, answeringBy: outbox) { try discard($0, $2) }
  }

  // MARK: - Destinations

  private func put(_ command: PutDestination, _ transaction: Transaction) throws -> CommandAnswer {
    var destination = command.destination
    let old = try DestinationCatalog.find(destination.id, transaction)
    if old != nil, command.mustBeNew {
      throw Refusal(
        .conflict, "There is a destination '\(destination.id)' already: choose another id.",
        field: "id")
    }
    if destination.hostKey?.isEmpty == true { destination.hostKey = nil }
    try DestinationValidator.check(destination)
    destination.hostKey = destination.hostKey.map(HostKey.normalised)
    // A fault was of the old settings; the next try says whether it is still there.
    var row = DestinationRow(destination: destination)
    if destination.kind == .s3 { row.sealedSecret = try secret(command, known: old?.sealedSecret) }
    try DestinationCatalog.save(row, at: time.now(), transaction)
    try outbox.publish(row.event, in: transaction)
    try book.tellOfFault(row, transaction)
    try book.mend(row, transaction)
    return .done()
  }

  /// What is to be kept of the access key's secret: still sealed, but known to open here.
  private func secret(_ command: PutDestination, known: String?) throws -> String {
    guard let sealed = command.sealedSecret ?? known else {
      throw Refusal(.invalid, "Enter the secret of the access key.", field: "secret")
    }
    let key: SealingKey
    do throws(DeliveryError) {
      key = try secrets.current()
    } catch {
      throw Refusal(.failed, error.reason, field: "secret")
    }
    // One that was known before and does not open any more shows when it is used.
    guard command.sealedSecret == nil || key.open(sealed) != nil else {
      throw Refusal(
        .failed, "The secret was locked for another delivery service: enter it again.",
        field: "secret")
    }
    return sealed
  }

  private func remove(_ command: RemoveDestination, _ transaction: Transaction) throws
    -> CommandAnswer
  {
    guard try DestinationCatalog.find(command.destination, transaction) != nil else {
      throw unknown(command.destination)
    }
    if try DeliveryCatalog.hasUnfinished(to: command.destination, transaction) {
      throw Refusal(
        .conflict,
        "Some deliveries to '\(command.destination)' are not finished: wait for them or discard "
          + "them, or disable the destination instead.")
    }
    try DestinationCatalog.remove(command.destination, transaction)
    try outbox.publish(
      DestinationChanged(id: command.destination, destination: nil), in: transaction)
    try book.alerts.end(
      AlertID(unchecked: "destination-fault.\(command.destination)"), "It was removed.",
      transaction)
    return .done()
  }

  private func test(
    _ command: TestDestination, _ received: Received, _ transaction: Transaction
  ) throws -> CommandAnswer {
    guard try DestinationCatalog.find(command.destination, transaction) != nil else {
      throw unknown(command.destination)
    }
    // Connecting takes seconds, which a handler has not; the wish is kept until it is answered.
    let test = AskedTest(command: received.id, destination: command.destination)
    try TestCatalog.add(test, at: time.now(), transaction)
    book.signal(transaction)
    return .later
  }

  private func unknown(_ id: DestinationID) -> Refusal {
    Refusal(.notFound, "There is no destination '\(id)'.", field: "destination")
  }

  // MARK: - Deliveries

  /// The same id twice is one delivery. One to a destination that is not known (yet) is kept as a
  /// dead letter, and begins when the destination is made.
  private func deliver(_ request: Deliver, _ transaction: Transaction) throws {
    let now = time.now()
    var row = DeliveryRow(
      id: request.delivery, recording: request.recording, origin: request.origin,
      destination: request.destination, path: request.file.path, fileName: request.file.name,
      bytes: request.file.bytes,
      sha256: request.file.sha256, createdAt: now, updatedAt: now)
    if try DestinationCatalog.find(request.destination, transaction) == nil {
      row.standing.state = .dead
      row.standing.kind = .missingDestination
      row.standing.reason =
        "There is no destination '\(request.destination)': make it, or discard the delivery."
    }
    guard try DeliveryCatalog.insert(row, transaction) else { return }
    try outbox.publish(row.event, in: transaction)
    if row.standing.state == .dead {
      try book.tellOfDeadLetters(to: row.destination, newest: row, transaction)
    }
    book.signal(transaction)
  }

  private func retry(_ command: RetryDelivery, _ transaction: Transaction) throws -> CommandAnswer {
    let row = try found(command.delivery, transaction)
    guard let destination = try DestinationCatalog.find(row.destination, transaction) else {
      throw Refusal(
        .conflict, "Its destination '\(row.destination)' is gone: make it again, or discard it.")
    }
    guard try book.apply(.retryAsked, to: row, transaction) != nil else {
      throw Refusal(
        .conflict,
        row.standing.state == .delivered
          ? "It is delivered already." : "It is being delivered or about to be.")
    }
    let signals = signals
    transaction.afterCommit { signals.renew(destination.route) }
    return .done()
  }

  private func discard(_ command: DiscardDelivery, _ transaction: Transaction) throws
    -> CommandAnswer
  {
    let row = try found(command.delivery, transaction)
    guard try book.apply(.discardAsked, to: row, transaction) != nil else {
      throw Refusal(
        .conflict,
        row.standing.state == .delivered
          ? "It is delivered already." : "It was discarded already.")
    }
    return .done()
  }

  private func found(_ id: DeliveryID, _ transaction: Transaction) throws -> DeliveryRow {
    guard let row = try DeliveryCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no delivery '\(id)'.", field: "delivery")
    }
    return row
  }
}
