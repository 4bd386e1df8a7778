import Base
import Messages
import Synchronization

/// Which processes there are and how they do, from their heartbeats; kept in memory only, because a
/// second later it is known again.
final class NodeBoard: Sendable {
  /// Heartbeats come each second.
  static let silenceLimit = Duration.seconds(5)
  /// A node that was not heard from for this long is taken off the board.
  private static let forgottenAfter = Duration.seconds(24 * 3600)

  struct Node: Encodable, Hashable, Sendable {
    var heartbeat: Heartbeat
    var heardAt: Instant
    var isAlive: Bool
    /// How far its clock is from ours, in milliseconds; the way of the message included.
    var clockOffsetMs: Int64
  }

  private let nodes = Mutex<[NodeID: Node]>([:])
  private let feed: LiveFeed
  private let time: any TimeSource

  init(feed: LiveFeed, time: any TimeSource) {
    self.feed = feed
    self.time = time
  }

  var all: [Node] {
    nodes.withLock { $0.values.sorted { $0.heartbeat.node < $1.heartbeat.node } }
  }

  func note(_ heartbeat: Heartbeat, offset: Duration) {
    let node = Node(
      heartbeat: heartbeat, heardAt: time.now(), isAlive: true,
      clockOffsetMs: offset.microseconds / 1000)
    let before = nodes.withLock { $0.updateValue(node, forKey: heartbeat.node) }
    if before.map({ NodeBoard.differ($0, node) }) ?? true { feed.tell(.node, node) }
  }

  /// Marks who has fallen silent; called each second.
  func review() {
    let now = time.now()
    let silent = nodes.withLock { nodes in
      nodes = nodes.filter { now - $0.value.heardAt < NodeBoard.forgottenAfter }
      let silent = nodes.values.filter { $0.isAlive && now - $0.heardAt > NodeBoard.silenceLimit }
      for node in silent { nodes[node.heartbeat.node]?.isAlive = false }
      return silent
    }
    for var node in silent {
      node.isAlive = false
      feed.tell(.node, node)
    }
  }

  /// Whether a page should be told: progress and memory move all the time and are asked for when the
  /// page is opened.
  private static func differ(_ before: Node, _ after: Node) -> Bool {
    before.isAlive != after.isAlive || before.heartbeat.state != after.heartbeat.state
      || before.heartbeat.faults != after.heartbeat.faults
      || before.heartbeat.startedAt != after.heartbeat.startedAt
      || before.heartbeat.recorder?.activeCaptures != after.heartbeat.recorder?.activeCaptures
      || before.heartbeat.residentBytes >> 23 != after.heartbeat.residentBytes >> 23
  }
}
