internal import Base
internal import FoundationEssentials

/// The first frame of every packet: JSON with one `kind` and the fields that it needs. Bodies follow
/// as frames of their own, so that a message's JSON is never quoted inside JSON.
struct WireHeader: Codable, Sendable {
  /// Of the protocol; a packet with another major version is counted and dropped.
  static let version = 1

  struct Entry: Codable, Sendable {
    var sequence: Int64
    var id: MessageID
    var type: String
    var correlation: MessageID?
    var createdAt: Instant
  }

  enum Kind: String, Codable, Sendable {
    case greeting, entries, ack, again, beacon, telemetry
    case snapshotRequest = "snapshot.request"
    case snapshotPart = "snapshot.part"
  }

  var version = WireHeader.version
  var kind: Kind
  /// Who sends this packet (for relayed telemetry: who relays it).
  var from: NodeID
  var incarnation: Incarnation?
  var channel: String?
  var cursor: Int64?
  var previous: Int64?
  var head: Int64?
  var id: MessageID?
  var part: Int?
  var isLast: Bool?
  var wantsReply: Bool?
  var follows: Bool?
  var positions: [String: Position]?
  var extents: [String: Extent]?
  var entries: [Entry]?
  /// Types of a snapshot's messages, one for each body frame; of telemetry, its only one.
  var types: [String]?
  /// Telemetry: who said it first, whom it is for (nil: all), and when it was said.
  var origin: NodeID?
  var to: NodeID?
  var sentAt: Instant?

  init(kind: Kind, from: NodeID) {
    self.kind = kind
    self.from = from
  }
}

/// Telemetry as it travels.
struct TelemetryPacket: Hashable, Sendable {
  var origin: NodeID
  var to: NodeID?
  var type: String
  var sentAt: Instant
  var body: [UInt8]
}
