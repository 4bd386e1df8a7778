internal import Base
internal import Messages
internal import Synchronization

/// Which recorders are there, by their heartbeats: the leases of what they hold.
///
/// A recorder's lease on everything it holds is that it is heard. It is measured on the clock that
/// never steps, and nothing of it is stored: after a restart of the scheduler every recorder that has
/// something is taken for present until it had time to be heard.
struct RecorderRoster: Sendable {
  struct Member: Sendable {
    /// nil: known from the database, not heard since the start.
    var heartbeat: Heartbeat?
    var heardAt: Monotonic
    var isPresent: Bool
  }

  /// How long a recorder may be silent before its work may be given to another.
  let lease: Duration
  private(set) var members: [NodeID: Member] = [:]

  init(lease: Duration) { self.lease = lease }

  /// A recorder that holds something, though it was not heard yet.
  mutating func expect(_ node: NodeID, at now: Monotonic) {
    if members[node] == nil { members[node] = Member(heardAt: now, isPresent: true) }
  }

  /// Takes note of a heartbeat; true where it changes what can be assigned.
  mutating func hear(_ heartbeat: Heartbeat, at now: Monotonic) -> Bool {
    let before = members[heartbeat.node]
    members[heartbeat.node] = Member(heartbeat: heartbeat, heardAt: now, isPresent: true)
    guard let before, before.isPresent, let last = before.heartbeat else { return true }
    return last.state != heartbeat.state || last.captures != heartbeat.captures
      || last.hasDisk != heartbeat.hasDisk || last.recorder?.tags != heartbeat.recorder?.tags
      || (last.recorder?.diskFullAt == nil) != (heartbeat.recorder?.diskFullAt == nil)
  }

  /// Those that have just been silent for too long.
  mutating func expire(at now: Monotonic) -> [NodeID] {
    var silent: [NodeID] = []
    for (node, member) in members where member.isPresent && now - member.heardAt > lease {
      members[node]?.isPresent = false
      silent.append(node)
    }
    return silent.sorted()
  }

  func isPresent(_ node: NodeID) -> Bool { members[node]?.isPresent ?? false }

  /// Those that are there and were heard, with what they announce.
  var candidates: [AssignmentPolicy.Candidate] {
    members.compactMap { node, member in
      guard member.isPresent, let heartbeat = member.heartbeat, let load = heartbeat.recorder
      else { return nil }
      return AssignmentPolicy.Candidate(
        node: node, captures: heartbeat.captures, diskFreeBytes: load.diskFreeBytes,
        isAccepting: heartbeat.state == .running, tags: Set(load.tags ?? []),
        load: load.load ?? 0, diskFullAt: load.diskFullAt)
    }
  }
}

extension Heartbeat {
  /// How many streams the recorder takes in all.
  fileprivate var captures: Int {
    recorder.map { $0.freeCaptures + $0.activeCaptures } ?? 0
  }

  fileprivate var hasDisk: Bool {
    (recorder?.diskFreeBytes ?? 0) >= AssignmentPolicy.leastDiskBytes
  }
}

/// The roster as the bus's thread (which hears heartbeats) and the scheduler share it.
final class SharedRoster: Sendable {
  private let roster: Mutex<RecorderRoster>

  init(_ roster: RecorderRoster) { self.roster = Mutex(roster) }

  func withLock<Result: Sendable>(_ body: (inout RecorderRoster) -> Result) -> Result {
    roster.withLock { body(&$0) }
  }
}
