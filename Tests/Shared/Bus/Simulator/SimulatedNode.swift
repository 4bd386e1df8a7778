import Base

@testable import Bus

/// One simulated process: a disk that survives, and a `BusCore` that does not.
struct SimulatedNode: Sendable {
  enum Role: Sendable { case scheduler, recorder, follower, giver }

  let id: NodeID
  let role: Role
  /// As in docs/protocol.md: workers and followers connect to the scheduler.
  let peers: [NodeID: Bool]
  var disk: SimulatedDisk
  /// nil while the process is dead.
  var core: BusCore?
  /// Scheduler, volatile: when each recorder was last heard.
  var heardAt: [NodeID: Int64] = [:]
  /// Producer, volatile: snapshots being handed out.
  var shelf: [MessageID: SnapshotPart] = [:]
  /// Changes at each start, so that events for an earlier life are void.
  var life = 0

  mutating func start(seed: UInt64) {
    life += 1
    heardAt = [:]
    shelf = [:]
    core = BusCore(
      node: id, incarnation: disk.incarnation, peers: peers, extents: disk.extents,
      acknowledged: disk.acknowledged, intakes: disk.intakes, seed: seed)
  }

  mutating func crash() { core = nil }
}
