internal import Base

/// Whom an entry of a log is for: one node, or all who follow the log's owner.
///
/// Each channel of a log is a sequence of its own to its consumers: an entry names the one before it
/// on the same channel, so that a hole is seen.
enum Channel: Hashable, Sendable {
  case node(NodeID)
  case followers

  /// As stored and sent. `*` can be no node's name.
  var text: String {
    switch self {
    case .node(let node): node.text
    case .followers: "*"
    }
  }

  init?(text: String) {
    if text == "*" {
      self = .followers
    } else if let node = NodeID(text) {
      self = .node(node)
    } else {
      return nil
    }
  }
}

/// One channel of one producer's log, as its consumer names it.
struct Source: Hashable, Sendable {
  let producer: NodeID
  let channel: Channel
}

/// One consumer of one channel, as the log's owner names it.
struct Subscription: Hashable, Sendable {
  let consumer: NodeID
  let channel: Channel
}

/// A consumer's place in a channel: the last number it has applied, in one life of the producer's
/// database.
struct Position: Hashable, Codable, Sendable {
  let incarnation: Incarnation
  let cursor: Int64
}

/// What a producer says of one of its channels: entries above `pruned` and up to `head` can be sent.
struct Extent: Hashable, Codable, Sendable {
  let pruned: Int64
  let head: Int64
}
