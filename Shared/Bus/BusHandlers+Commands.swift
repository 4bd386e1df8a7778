public import Messages
public import Storage

/// What came of a command that was not refused.
public enum CommandAnswer: Hashable, Sendable {
  /// With what there is to say of it, in one sentence, if anything.
  case done(String? = nil)
  /// It takes longer than a handler may: the outcome is said when it is known, under the command's id.
  case later
}

/// Who is told what became of a command.
public enum CommandAudience: Hashable, Sendable {
  /// All who follow this node, the sender among them.
  case followers
  case sender
}

extension BusHandlers {
  /// Does what commands of a type ask for, and says what became of each.
  ///
  /// Check, effect and outcome are one transaction, the one that also moves the place in the sender's
  /// log. So a command that comes twice is done once, and its outcome is known exactly when its effect
  /// is. `apply` throws a `Refusal` before it writes anything, so that committing the outcome alone is
  /// right; any other error is as with `on`.
  public mutating func command<Command: CommandMessage>(
    _ type: Command.Type, answeringBy outbox: Outbox, to audience: CommandAudience = .followers,
    apply: @escaping @Sendable (Command, Received, Transaction) throws -> CommandAnswer
  ) {
    on(type) { command, received, transaction in
      let outcome: CommandOutcome
      do {
        guard case .done(let text) = try apply(command, received, transaction) else { return }
        outcome = CommandOutcome(command: received.id, text: text)
      } catch let refusal as Refusal {
        outcome = CommandOutcome(
          command: received.id, refusal: refusal.kind, field: refusal.field, text: refusal.text)
      }
      switch audience {
      case .followers: try outbox.publish(outcome, answering: received.id, in: transaction)
      case .sender:
        try outbox.send(outcome, to: received.from, answering: received.id, in: transaction)
      }
    }
  }
}
