import Base
import Bus
import Messages
import Storage
import Synchronization

/// Tells the scheduler how captures are doing: the latest word on each stream, in order, in few
/// transactions. What the database does not take is kept and told later.
final class StatusOutbox: Sendable {
  private let database: Database
  private let outbox: Outbox
  private let scheduler: NodeID
  private let waiting = Mutex<[StreamID: CaptureStatus]>([:])

  init(database: Database, outbox: Outbox, scheduler: NodeID) {
    self.database = database
    self.outbox = outbox
    self.scheduler = scheduler
  }

  /// Usable from any thread; returns at once.
  func note(_ status: CaptureStatus) { waiting.withLock { $0[status.stream] = status } }

  func flush() async throws {
    let batch = waiting.withLock { waiting in
      defer { waiting = [:] }
      return waiting
    }
    guard !batch.isEmpty else { return }
    let (outbox, scheduler) = (outbox, scheduler)
    do {
      try await database.write { transaction in
        for status in batch.values.sorted(by: { $0.stream < $1.stream }) {
          try outbox.send(CaptureChanged(status: status), to: scheduler, in: transaction)
        }
      }
    } catch {
      waiting.withLock { waiting in
        for (stream, status) in batch where waiting[stream] == nil { waiting[stream] = status }
      }
      throw error
    }
  }
}
