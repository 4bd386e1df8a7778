public import Base
internal import FoundationEssentials
public import Messages
public import Storage
internal import Synchronization

/// Where a service says something that must not be lost: a row in its log, written in the
/// transaction of the change that it speaks of.
///
/// What is appended is sent once the transaction is committed, and never if it is rolled back.
public final class Outbox: Sendable {
  /// In bytes of JSON. The transport takes packets to 1 MiB; an entry that fits none would stand at
  /// the head of its channel for ever, so it is refused before it is logged.
  static let longestBody = 960 * 1024

  private struct State {
    var wake: (@Sendable (Channel, Int64) -> Void)?
  }

  private let time: any TimeSource
  private let state = Mutex(State())

  public init(time: any TimeSource = SystemTimeSource()) { self.time = time }

  /// Says something to one node, known or not, up or not. Returns the message's id, by which a
  /// `CommandOutcome` will name it.
  @discardableResult
  public func send(
    _ message: some DurableMessage, to node: NodeID, answering correlation: MessageID? = nil,
    id: MessageID = .random(), in transaction: Transaction
  ) throws -> MessageID {
    try append(message, .node(node), id, correlation, transaction)
  }

  /// Says something to all who follow this node, now or later.
  @discardableResult
  public func publish(
    _ message: some DurableMessage, answering correlation: MessageID? = nil,
    in transaction: Transaction
  ) throws -> MessageID {
    try append(message, .followers, .random(), correlation, transaction)
  }

  /// Called by the bus node when it is there to send.
  func onAppend(_ wake: @escaping @Sendable (_ channel: Channel, _ head: Int64) -> Void) {
    state.withLock { $0.wake = wake }
  }

  private func append<Body: DurableMessage>(
    _ message: Body, _ channel: Channel, _ id: MessageID, _ correlation: MessageID?,
    _ transaction: Transaction
  ) throws -> MessageID {
    let body = try Array(JSONEncoder().encode(message))
    guard body.count <= Outbox.longestBody else {
      throw MessageTooLong(type: Body.type, bytes: body.count)
    }
    let entry = LogEntryRecord(
      sequence: 0, id: id, type: Body.type, correlation: correlation, createdAt: time.now(),
      body: body)
    let head = try MessageLog.append(entry, to: channel, transaction)
    if let wake = state.withLock({ $0.wake }) { transaction.afterCommit { wake(channel, head) } }
    return id
  }
}

/// A message that no packet can carry; nothing of it was logged.
public struct MessageTooLong: Error, CustomStringConvertible {
  public let type: String
  public let bytes: Int

  public var description: String {
    "a message \(type) of \(bytes) bytes is too long for the bus, which takes "
      + "\(Outbox.longestBody)"
  }
}
