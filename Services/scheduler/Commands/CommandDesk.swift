internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Does what people ask for: each command is checked and applied; what it says, if anything, is its
/// method's result.
struct CommandDesk: Sendable {
  let book: RecordingBook
  let outbox: Outbox
  let signals: Signals
  let time: any TimeSource
  let horizon: Duration

  func register(in handlers: inout BusHandlers) {
    handlers.command(PutStream.self, answeringBy: outbox) { .done(try put($0, $2)) }
    handlers.command(RemoveStream.self, answeringBy: outbox) { .done(try remove($0, $2)) }
    handlers.command(PutSchedule.self, answeringBy: outbox) { .done(try put($0, $2)) }
    handlers.command(RemoveSchedule.self, answeringBy: outbox) { .done(try remove($0, $2)) }
    handlers.command(PutHolidays.self, answeringBy: outbox) { .done(try put($0, $2)) }
    handlers.command(RemoveHolidays.self, answeringBy: outbox) { .done(try remove($0, $2)) }
    handlers.command(CancelRecording.self, answeringBy: outbox) { .done(try cancel($0, $2)) }
    handlers.command(KeepTape.self, answeringBy: outbox) { .done(try keep($0, $1.id, $2)) }
    handlers.command(LockTape.self, answeringBy: outbox) { .done(try lock($0, $2)) }
    handlers.command(EndRecording.self, answeringBy: outbox) { .done(try end($0, $2)) }
  }

  /// Tells the scheduler, once all of it is on disk.
  func signal(
    _ transaction: Transaction, _ change: @escaping @Sendable (inout Signals.Changes) -> Void
  ) {
    let signals = signals
    transaction.afterCommit { signals.note(change) }
  }
}
