public import Base
internal import FoundationEssentials
public import Messages
public import Storage

/// Where a durable message came from.
public struct Received: Sendable {
  public let id: MessageID
  public let from: NodeID
  /// The message that it answers.
  public let correlation: MessageID?
  /// Wall time of the sender when it was said.
  public let createdAt: Instant
}

/// Where a telemetry message came from.
public struct Heard: Sendable {
  public let from: NodeID
  /// Receiver's wall time less sender's: the offset of the clocks plus the way of the message.
  public let apparentOffset: Duration
}

/// Thrown by a handler when a message can never be applied (it contradicts itself, say). It is set
/// aside with this reason, and those behind it go on.
public struct MessageRefused: Error, CustomStringConvertible {
  public let reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}

/// What a service does with what it hears; filled before the bus starts.
///
/// A durable message's handler runs inside the transaction that also moves the place in the sender's
/// log, so its effect happens once: it may touch the database through the transaction it is given,
/// append to the `Outbox`, and leave everything else to `afterCommit`. It runs on the database's
/// thread and must not wait for anything.
public struct BusHandlers: Sendable {
  typealias Apply = @Sendable ([UInt8], Received, Transaction) throws -> Void
  typealias Hear = @Sendable ([UInt8], Heard) throws -> Void
  typealias Collect = @Sendable (any DurableMessage) throws -> Void

  private(set) var durable: [String: Apply] = [:]
  private(set) var telemetry: [String: Hear] = [:]
  private(set) var followed: [NodeID: @Sendable (Transaction) throws -> Void] = [:]
  private(set) var snapshot: (@Sendable (Transaction) throws -> [any DurableMessage])?

  public init() {}

  /// Applies messages of a type. Errors: `MessageRefused` sets the message aside; a `StorageError`
  /// that is no fault of the message (disk full, damaged) has it tried again later; any other sets
  /// it aside.
  public mutating func on<Body: DurableMessage>(
    _ type: Body.Type,
    apply: @escaping @Sendable (Body, Received, Transaction) throws -> Void
  ) {
    precondition(durable[Body.type] == nil, "two handlers for \(Body.type)")
    durable[Body.type] = { bytes, received, transaction in
      try apply(BusHandlers.decode(bytes), received, transaction)
    }
  }

  /// Takes note of telemetry of a type; called on the bus's thread, must be short.
  public mutating func onTelemetry<Body: TelemetryMessage>(
    _ type: Body.Type, hear: @escaping @Sendable (Body, Heard) -> Void
  ) {
    precondition(telemetry[Body.type] == nil, "two handlers for \(Body.type)")
    telemetry[Body.type] = { bytes, heard in hear(try BusHandlers.decode(bytes), heard) }
  }

  /// Follows what a producer says to all. Before a snapshot's messages are applied, `forget` deletes
  /// what was known from that producer, in the same transaction.
  public mutating func follow(
    _ producer: NodeID, forget: @escaping @Sendable (Transaction) throws -> Void
  ) {
    followed[producer] = forget
  }

  /// How this node's whole state is said to somebody new: the same messages that changes are
  /// published with.
  public mutating func provideSnapshot(
    _ build: @escaping @Sendable (Transaction) throws -> [any DurableMessage]
  ) {
    snapshot = build
  }

  private static func decode<Body: Message>(_ bytes: [UInt8]) throws -> Body {
    do {
      return try JSONDecoder().decode(Body.self, from: Data(bytes))
    } catch {
      throw MessageRefused("its content cannot be read as \(Body.type): \(error)")
    }
  }
}
