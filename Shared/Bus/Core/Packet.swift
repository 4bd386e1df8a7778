internal import Base

/// One thing that one node's core says to another's. Any packet may be lost, repeated, delayed or
/// overtaken; the rules of docs/protocol.md hold all the same.
enum Packet: Hashable, Sendable {
  /// Said on every connect and every few seconds: where I stand in your log, and what mine offers.
  case greeting(Greeting)
  /// A run of log entries that are neighbours on their channel.
  case entries(EntryRun)
  /// All up to here is applied, durably.
  case acknowledgement(channel: Channel, position: Position)
  /// Something is missing: send again what comes after this position.
  case again(channel: Channel, position: Position)
  /// The last number of the followers' channel, said each second.
  case beacon(incarnation: Incarnation, head: Int64)
  /// I need the whole state; `part` counts from 0. The next part is asked for when one has come,
  /// which is all the flow control there is.
  case snapshotRequest(id: MessageID, part: Int)
  case snapshotPart(SnapshotPart)
}

struct Greeting: Hashable, Sendable {
  /// Of the sender's log.
  var incarnation: Incarnation
  /// Whether the sender wants one back.
  var wantsReply: Bool
  /// Whether the sender follows the receiver's `followers` channel.
  var follows: Bool
  /// Where the sender stands in the receiver's log, by channel (the sender's own, and `followers`).
  var positions: [Channel: Position]
  /// What the sender's log offers the receiver.
  var extents: [Channel: Extent]
}

struct EntryRun: Hashable, Sendable {
  var incarnation: Incarnation
  var channel: Channel
  /// The number of the channel's entry before the first of these.
  var previous: Int64
  var entries: [LogEntryRecord]
}

/// One durable message, as logged and sent.
struct LogEntryRecord: Hashable, Sendable {
  var sequence: Int64
  var id: MessageID
  var type: String
  /// The message that this one answers.
  var correlation: MessageID?
  var createdAt: Instant
  /// The message as JSON.
  var body: [UInt8]
}

struct SnapshotPart: Hashable, Sendable {
  var id: MessageID
  var part: Int
  var isLast: Bool
  /// The state includes the effect of everything up to this position.
  var position: Position
  var messages: [SnapshotMessage]
}

struct SnapshotMessage: Hashable, Sendable {
  var type: String
  var body: [UInt8]
}
