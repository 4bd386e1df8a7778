import Base

@testable import Bus

/// What survives a crash of a simulated node: exactly what its SQLite file would hold.
///
/// It is a value, so that a "transaction" is a copy that is put back whole or not at all.
struct SimulatedDisk: Sendable {
  var incarnation: Incarnation
  var nextSequence: Int64 = 1
  var log: [Channel: [LogEntryRecord]] = [:]
  var extents: [Channel: Extent] = [:]
  var acknowledged: [Subscription: Int64] = [:]
  var intakes: [Source: Intake] = [:]
  /// Scheduler: every job that was ever planned.
  var jobs: [JobID: JobRecord] = [:]
  /// Scheduler: the last desired set that was sent to each recorder.
  var desiredVersions: [NodeID: Int64] = [:]
  /// Recorder: the set it holds, and the results it has published.
  var desired = SimulatedSet(version: 0, plans: [])
  var finished: Set<SimulatedPlan> = []
  /// Follower: the latest state of each job that it was told.
  var copies: [JobID: String] = [:]

  init(incarnation: Incarnation) { self.incarnation = incarnation }

  mutating func append(_ body: Int, to channel: Channel, id: MessageID) -> Int64 {
    let sequence = nextSequence
    nextSequence += 1
    var bytes: [UInt8] = []
    withUnsafeBytes(of: Int64(body)) { bytes.append(contentsOf: $0) }
    log[channel, default: []].append(
      LogEntryRecord(
        sequence: sequence, id: id, type: "simulated", correlation: nil, createdAt: .epoch,
        body: bytes))
    extents[channel] = Extent(pruned: extents[channel]?.pruned ?? 0, head: sequence)
    return sequence
  }

  func entries(of channel: Channel, after sequence: Int64, limit: Int) -> [LogEntryRecord] {
    guard let entries = log[channel] else { return [] }
    // Binary search: logs grow long in a million steps.
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].sequence > sequence { high = middle } else { low = middle + 1 }
    }
    return Array(entries[low...].prefix(limit))
  }

  /// As `MessageLog.prune` does.
  mutating func prune() -> [(Channel, Int64)] {
    var lines: [(Channel, Int64)] = []
    for (channel, extent) in extents {
      let least = acknowledged.filter { $0.key.channel == channel }.values.min()
      let through = least ?? (channel == .followers ? extent.head : 0)
      guard through > extent.pruned else { continue }
      log[channel]?.removeAll { $0.sequence <= through }
      extents[channel] = Extent(pruned: through, head: extent.head)
      lines.append((channel, through))
    }
    return lines
  }
}

struct SimulatedPlan: Hashable, Sendable {
  var job: JobID
  var token: Int64
  var start: Int64
  var end: Int64
}

struct SimulatedSet: Hashable, Sendable {
  var version: Int64
  var plans: [SimulatedPlan]
}

/// What simulated messages say; entries carry an index into the simulation's list of these.
enum SimulatedMessage: Hashable, Sendable {
  case desired(SimulatedSet)
  case finished(SimulatedPlan)
  case jobChanged(JobID, String)
  /// A command without further meaning, to count.
  case command(Int)
}
