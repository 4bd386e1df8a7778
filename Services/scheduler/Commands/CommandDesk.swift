internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Does what people ask for: each command is checked, applied and answered in one transaction, the
/// one that also moves the place in the sender's log. So a command that comes twice is done once, and
/// its outcome is known exactly when its effect is.
struct CommandDesk: Sendable {
  let book: RecordingBook
  let outbox: Outbox
  let signals: Signals
  let time: any TimeSource
  let horizon: Duration

  func register(in handlers: inout BusHandlers) {
    handlers.on(PutStream.self) { command, received, transaction in
      try answer(received, transaction) { try put(command, transaction) }
    }
    handlers.on(RemoveStream.self) { command, received, transaction in
      try answer(received, transaction) { try remove(command, transaction) }
    }
    handlers.on(PutSchedule.self) { command, received, transaction in
      try answer(received, transaction) { try put(command, transaction) }
    }
    handlers.on(RemoveSchedule.self) { command, received, transaction in
      try answer(received, transaction) { try remove(command, transaction) }
    }
    handlers.on(PutHolidays.self) { command, received, transaction in
      try answer(received, transaction) { try put(command, transaction) }
    }
    handlers.on(RemoveHolidays.self) { command, received, transaction in
      try answer(received, transaction) { try remove(command, transaction) }
    }
    handlers.on(CancelRecording.self) { command, received, transaction in
      try answer(received, transaction) { try cancel(command, transaction) }
    }
    handlers.on(KeepTape.self) { command, received, transaction in
      try answer(received, transaction) { try keep(command, received.id, transaction) }
    }
    handlers.on(LockTape.self) { command, received, transaction in
      try answer(received, transaction) { try lock(command, transaction) }
    }
    handlers.on(EndRecording.self) { command, received, transaction in
      try answer(received, transaction) { try end(command, transaction) }
    }
  }

  /// Runs a command and publishes what became of it. A refusal is thrown before anything is written,
  /// so committing the outcome alone is right.
  private func answer(
    _ received: Received, _ transaction: Transaction, _ command: () throws -> String?
  ) throws {
    let outcome: CommandOutcome
    do {
      outcome = CommandOutcome(command: received.id, text: try command())
    } catch let refusal as Refusal {
      outcome = CommandOutcome(
        command: received.id, refusal: refusal.kind, field: refusal.field, text: refusal.text)
    }
    try outbox.publish(outcome, answering: received.id, in: transaction)
  }

  /// Tells the scheduler, once all of it is on disk.
  func signal(
    _ transaction: Transaction, _ change: @escaping @Sendable (inout Signals.Changes) -> Void
  ) {
    let signals = signals
    transaction.afterCommit { signals.note(change) }
  }
}
