internal import Base
internal import Bus
internal import Messages
internal import Storage
internal import Synchronization
internal import TestSupport

/// Speaks to the scheduler as the gateway does: commands by way of its log, what came of them and
/// every change of a recording by following.
final class GatewayStandIn {
  /// What was heard so far; written by handlers on the database's thread.
  private struct Heard {
    /// The first snapshot is taken: what is said from now on is heard.
    var isFollowing = false
    var outcomes = 0
    var refusal: String?
    /// Starts of the recordings that a recorder holds or has begun.
    var held: Set<Instant> = []
    /// When it was known here that a recording of this start is being made.
    var begun: [Instant: Instant] = [:]
  }

  private static let scheduler = NodeID(unchecked: "scheduler")

  private let database: Database
  private let outbox = Outbox()
  private let heard: Shared
  private let work: Task<Void, any Error>
  private var commands = 0

  /// `folder` is for its database; it joins the bus in the home's folder.
  init(folder: String, home: String) async throws {
    let heard = Shared()
    self.heard = heard
    let node = NodeID(unchecked: "gateway")
    database = try Database(path: "\(folder)/gateway.sqlite", schemas: [BusSchema.schema])
    let bus = try await BusNode(
      settings: TransportSettings(
        node: node,
        peers: [Self.scheduler: .ipc(of: Self.scheduler, in: "\(home)/bus")]),
      database: database, outbox: outbox, handlers: Self.handlers(heard),
      log: .standardError(level: .warning))
    work = Task { try await bus.run() }
    // An outcome that is said before the snapshot would not be heard: snapshots hold states only.
    try await eventually("the scheduler is followed") {
      heard.state.withLock { $0.isFollowing }
    }
  }

  deinit { work.cancel() }

  /// Commits the commands, fifty to a transaction, and waits until the scheduler has done all.
  func command<Command: CommandMessage>(_ messages: [Command]) async throws {
    let outbox = outbox
    for first in stride(from: 0, to: messages.count, by: 50) {
      let some = messages[first..<min(first + 50, messages.count)]
      try await database.write { transaction in
        for message in some { try outbox.send(message, to: Self.scheduler, in: transaction) }
      }
    }
    commands += messages.count
    try await eventually("the scheduler has done \(commands) commands", within: .seconds(600)) {
      if let refusal = heard.state.withLock({ $0.refusal }) { throw TestFailure(refusal) }
      return heard.state.withLock { $0.outcomes } >= commands
    }
  }

  /// Waits until a recorder has what starts at these instants.
  func wait(untilHeld starts: Set<Instant>) async throws {
    try await eventually("a recorder has all that starts soon", within: .seconds(25)) {
      heard.state.withLock { $0.held.isSuperset(of: starts) }
    }
  }

  /// By start, when the beginning was known here.
  var begun: [Instant: Instant] { heard.state.withLock { $0.begun } }

  private final class Shared: Sendable {
    let state = Mutex(Heard())
  }

  private static func handlers(_ heard: Shared) -> BusHandlers {
    var handlers = BusHandlers()
    handlers.follow(scheduler) { transaction in
      transaction.afterCommit { heard.state.withLock { $0.isFollowing = true } }
    }
    handlers.on(StreamChanged.self) { _, _, _ in }
    handlers.on(ScheduleChanged.self) { _, _, _ in }
    handlers.on(StreamStatusChanged.self) { _, _, _ in }
    handlers.on(CommandOutcome.self) { outcome, _, transaction in
      transaction.afterCommit {
        heard.state.withLock { state in
          state.outcomes += 1
          if outcome.refusal != nil { state.refusal = outcome.text ?? "a command was refused" }
        }
      }
    }
    handlers.on(RecordingChanged.self) { change, _, transaction in
      let recording = change.recording
      transaction.afterCommit {
        let now = SystemTimeSource().now()
        heard.state.withLock { state in
          switch recording.state {
          case .assigned: state.held.insert(recording.paddedStart)
          case .recording: state.begun[recording.paddedStart] = now
          default: break
          }
        }
      }
    }
    return handlers
  }
}
