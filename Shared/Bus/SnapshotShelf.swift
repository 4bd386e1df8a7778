internal import Base
internal import FoundationEssentials
internal import Messages
internal import Storage

/// Snapshots that this node is handing out, each in parts that fit a packet, kept until the last
/// part was asked for or nobody has asked for a while.
struct SnapshotShelf {
  /// The transport takes frames and packets to 1 MiB; a message is far smaller.
  static let partBytes = 256 * 1024
  static let partMessages = 500
  static let keptFor = Duration.seconds(30)

  private struct Snapshot {
    var parts: [SnapshotPart]
    var usedAt: Monotonic
  }

  private var snapshots: [MessageID: Snapshot] = [:]

  /// The part asked for; part 0 of an unknown id makes the snapshot, any other part of an unknown id
  /// is nil (the one who asks will begin anew).
  mutating func part(
    _ index: Int, of id: MessageID, now: Monotonic,
    build: () throws -> (Position, [any DurableMessage])
  ) throws -> SnapshotPart? {
    snapshots = snapshots.filter { now - $0.value.usedAt < SnapshotShelf.keptFor }
    if snapshots[id] == nil {
      guard index == 0 else { return nil }
      let (position, messages) = try build()
      snapshots[id] = Snapshot(
        parts: try SnapshotShelf.cut(messages, id: id, position: position), usedAt: now)
    }
    snapshots[id]?.usedAt = now
    guard let parts = snapshots[id]?.parts, index < parts.count else { return nil }
    return parts[index]
  }

  private static func cut(
    _ messages: [any DurableMessage], id: MessageID, position: Position
  ) throws -> [SnapshotPart] {
    var groups: [[SnapshotMessage]] = [[]]
    var bytes = 0
    let encoder = JSONEncoder()
    for message in messages {
      let body = try Array(encoder.encode(message))
      let isFull =
        bytes + body.count > partBytes || groups[groups.count - 1].count >= partMessages
      if isFull, !groups[groups.count - 1].isEmpty {
        groups.append([])
        bytes = 0
      }
      groups[groups.count - 1].append(SnapshotMessage(type: type(of: message).type, body: body))
      bytes += body.count
    }
    return groups.enumerated().map { index, group in
      SnapshotPart(
        id: id, part: index, isLast: index == groups.count - 1, position: position,
        messages: group)
    }
  }
}
