internal import Base
internal import Synchronization

/// What has changed since the scheduler last looked: left by the handlers of commands and events
/// (after their commit), picked up by the `Scheduler`'s next step.
///
/// Nothing here has to survive: at its start the scheduler looks at everything.
final class Signals: Sendable {
  struct Changes: Sendable {
    /// Schedules whose rule or cursor is another now, or that are gone.
    var schedules: Set<ScheduleID> = []
    /// Recorders whose desired set may be another now.
    var recorders: Set<NodeID> = []
    /// Something waits for a recorder, or a recorder has changed.
    var needsAssignment = false
    /// An end has moved, so that the next one to watch may be another.
    var needsDeadline = false
    /// The wall clock was stepped.
    var isClockStepped = false
  }

  private let changes = Mutex(Changes())
  /// One wake-up is enough for any number of changes.
  let wakes: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func note(_ change: @Sendable (inout Changes) -> Void) {
    changes.withLock { change(&$0) }
    wake()
  }

  func take() -> Changes {
    changes.withLock { current in
      defer { current = Changes() }
      return current
    }
  }

  func wake() { continuation.yield() }

  /// Ends `wakes`.
  func finish() { continuation.finish() }
}
