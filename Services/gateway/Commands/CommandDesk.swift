import Base
import Bus
import HTTPServer
import Messages
import Storage
import Synchronization

/// Gives commands to other services and waits a little for what became of them.
///
/// The command and its row are one commit, so that a kill -9 leaves both or neither; whoever did not
/// get an answer finds the outcome later under the command's id.
final class CommandDesk: Sendable {
  private enum Expectation {
    case nothing
    case waiter(CheckedContinuation<CommandOutcome?, Never>)
    case arrived(CommandOutcome)
  }

  /// What the page is told of a command.
  struct Answer: Sendable {
    let id: MessageID
    /// nil while it is not known.
    let outcome: CommandOutcome?
  }

  private let database: Database
  private let outbox: Outbox
  private let patience: Duration
  private let time: any TimeSource
  private let expectations = Mutex<[MessageID: Expectation]>([:])

  init(database: Database, outbox: Outbox, patience: Duration, time: any TimeSource) {
    self.database = database
    self.outbox = outbox
    self.patience = patience
    self.time = time
  }

  func give<Command: CommandMessage>(
    _ command: Command, about subject: String, to node: NodeID, by identity: Identity
  ) async throws -> Answer {
    let id = MessageID.random()
    let now = time.now()
    // Before the commit: the outcome may be here before we begin to wait for it.
    expectations.withLock { $0[id] = .nothing }
    do {
      try await database.write { [outbox] transaction in
        try CommandCatalog.insert(
          id, user: identity.userName, summary: "\(Command.type) \(subject)", at: now, transaction)
        try outbox.send(command, to: node, id: id, in: transaction)
      }
    } catch {
      expectations.withLock { _ = $0.removeValue(forKey: id) }
      throw error
    }
    return Answer(id: id, outcome: await outcome(of: id))
  }

  /// Gives several commands in one commit and waits for none of them: what becomes of each is seen
  /// in what it is about.
  func give<Command: CommandMessage>(
    all commands: [(Command, about: String)], to node: NodeID, by identity: Identity
  ) async throws {
    let now = time.now()
    try await database.write { [outbox] transaction in
      for (command, subject) in commands {
        let id = try outbox.send(command, to: node, in: transaction)
        try CommandCatalog.insert(
          id, user: identity.userName, summary: "\(Command.type) \(subject)", at: now, transaction)
      }
    }
  }

  /// For the handler of `CommandOutcome`.
  func settle(_ outcome: CommandOutcome, _ transaction: Transaction) throws {
    try CommandCatalog.store(outcome, transaction)
    transaction.afterCommit { [self] in
      let waiter = expectations.withLock { expectations in
        switch expectations[outcome.command] {
        case .waiter(let continuation):
          expectations[outcome.command] = nil
          return Optional(continuation)
        case .nothing: expectations[outcome.command] = .arrived(outcome)
        case .arrived, nil: break
        }
        return nil
      }
      waiter?.resume(returning: outcome)
    }
  }

  private func outcome(of id: MessageID) async -> CommandOutcome? {
    let alarm = Task { [patience] in
      try? await Task.sleep(for: patience)
      giveUp(id)
    }
    defer { alarm.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let arrived = expectations.withLock { expectations -> CommandOutcome?? in
          switch expectations[id] {
          case .arrived(let outcome):
            expectations[id] = nil
            return .some(outcome)
          case .nothing:
            expectations[id] = .waiter(continuation)
            return .none
          // Given up already: the task was cancelled before it came to wait.
          case .waiter, nil: return .some(nil)
          }
        }
        if let arrived { continuation.resume(returning: arrived) }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  private func giveUp(_ id: MessageID) {
    let waiter = expectations.withLock { expectations in
      guard case .waiter(let continuation) = expectations.removeValue(forKey: id) else {
        return nil as CheckedContinuation<CommandOutcome?, Never>?
      }
      return continuation
    }
    waiter?.resume(returning: nil)
  }
}
