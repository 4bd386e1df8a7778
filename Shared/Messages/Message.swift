/// Anything that one service says to another. `type` is its name on the wire for ever: a message
/// whose meaning changes gets a new name, and fields are only ever added (docs/protocol.md).
public protocol Message: Codable, Sendable {
  /// Such as `recording.finished`.
  static var type: String { get }
}

/// A message that must not be lost: a row in the sender's log before it is sent, repeated until the
/// receiver has applied it, applied exactly once.
public protocol DurableMessage: Message {}

/// A message of which only the latest matters; not logged, dropped when anybody is slow.
public protocol TelemetryMessage: Message {}

/// Whoever may give a command is told by `CommandOutcome` what became of it.
public protocol CommandMessage: DurableMessage {}
