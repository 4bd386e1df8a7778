import Base
import FoundationEssentials
import Messages
import Storage
import TestSupport
import Testing

@testable import Bus

/// What a command comes to: its effect and its outcome in one transaction.
@Suite struct CommandHandlerTests {
  private struct Ask: CommandMessage, Hashable {
    static let type = "test.ask"
    var number: Int
  }

  private struct Deliberate: Error {}

  private let folder: TemporaryFolder
  private let database: Database
  private let outbox = Outbox()

  init() throws {
    folder = try TemporaryFolder()
    database = try BusDatabase.open(folder("a.sqlite"))
  }

  /// Gives a command to the handler; returns what was said of it on a channel.
  private func give(
    to audience: CommandAudience = .followers, on channel: Channel = .followers,
    apply: @escaping @Sendable (Ask, Received, Transaction) throws -> CommandAnswer
  ) async throws -> (id: MessageID, outcomes: [CommandOutcome], correlations: [MessageID?]) {
    var handlers = BusHandlers()
    handlers.command(Ask.self, answeringBy: outbox, to: audience, apply: apply)
    let handler = try #require(handlers.durable[Ask.type])
    let body = Array(try JSONEncoder().encode(Ask(number: 7)))
    let received = Received(
      id: .random(), from: .worker, correlation: nil, createdAt: Instant(seconds: 1))
    try await database.write { try handler(body, received, $0) }
    let entries = try await database.read {
      try MessageLog.entries(of: channel, after: 0, limit: 9, byteLimit: 9999, $0)
    }
    let outcomes = try entries.map {
      try JSONDecoder().decode(CommandOutcome.self, from: Data($0.body))
    }
    return (received.id, outcomes, entries.map(\.correlation))
  }

  @Test func `What was done is said, with its text, to all who follow`() async throws {
    let (id, outcomes, correlations) = try await give { command, _, _ in
      .done("It was number \(command.number).")
    }
    #expect(outcomes == [CommandOutcome(command: id, text: "It was number 7.")])
    #expect(correlations == [id])
  }

  @Test func `A refusal is the outcome, with its field`() async throws {
    let (id, outcomes, _) = try await give { _, _, _ in
      throw Refusal(.invalid, "Seven is too much.", field: "number")
    }
    #expect(
      outcomes == [
        CommandOutcome(
          command: id, refusal: .invalid, field: "number", text: "Seven is too much.")
      ])
  }

  @Test func `What takes longer is not said yet`() async throws {
    #expect(try await give { _, _, _ in .later }.outcomes.isEmpty)
  }

  @Test func `The sender alone is told where that is wanted`() async throws {
    let (id, outcomes, correlations) = try await give(to: .sender, on: .node(.worker)) {
      _, _, _ in .done()
    }
    #expect(outcomes == [CommandOutcome(command: id)] && correlations == [id])
    let others = try await database.read {
      try MessageLog.entries(of: .followers, after: 0, limit: 9, byteLimit: 9999, $0)
    }
    #expect(others.isEmpty)
  }

  @Test func `Another error is no outcome, and undoes what was done`() async throws {
    let outbox = outbox
    await #expect(throws: Deliberate.self) {
      try await give { _, _, transaction in
        try outbox.publish(Note(number: 1), in: transaction)
        throw Deliberate()
      }
    }
    let said = try await database.read {
      try MessageLog.entries(of: .followers, after: 0, limit: 9, byteLimit: 9999, $0)
    }
    #expect(said.isEmpty)
  }
}
