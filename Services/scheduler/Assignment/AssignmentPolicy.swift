internal import Base

/// Chooses the recorder of each recording: by the credit that recorders announce (how many streams
/// they take, room on the disk), less what the scheduler has given them already.
///
/// A recorder that will hold the same stream then anyway is preferred, since one connection serves
/// every recording of a stream; else the one with the most room. A value without I/O.
struct AssignmentPolicy: Sendable {
  struct Candidate: Hashable, Sendable {
    var node: NodeID
    /// How many streams it takes at once.
    var captures: Int
    var diskFreeBytes: Int64
    /// False while it is paused or draining.
    var isAccepting: Bool
  }

  enum Placement: Hashable, Sendable {
    case on(NodeID)
    /// One sentence for the person who waits for the recording.
    case nowhere(String)
  }

  /// Below this a recorder is not given more: 256 MiB are hours of radio, and what it already has
  /// needs room as well.
  static let leastDiskBytes: Int64 = 256 << 20

  private let candidates: [Candidate]
  private var held: [NodeID: WindowIndex] = [:]

  init(_ candidates: [Candidate], held: some Sequence<(node: NodeID, window: StreamWindow)>) {
    self.candidates = candidates.sorted { $0.node < $1.node }
    for (node, window) in held { self.held[node, default: WindowIndex()].insert(window) }
  }

  var hasCandidates: Bool { !candidates.isEmpty }

  /// Finds a place and reserves it. `avoiding` names recorders that cannot have this one.
  mutating func place(_ window: StreamWindow, avoiding: Set<NodeID> = []) -> Placement {
    let allowed = candidates.filter { !avoiding.contains($0.node) }
    guard !allowed.isEmpty else { return .nowhere("No recorder is connected.") }
    let accepting = allowed.filter(\.isAccepting)
    guard !accepting.isEmpty else { return .nowhere("Every connected recorder is paused.") }
    let withDisk = accepting.filter { $0.diskFreeBytes >= Self.leastDiskBytes }
    guard !withDisk.isEmpty else {
      return .nowhere("No connected recorder has room on its disk.")
    }
    var best: (node: NodeID, load: Double)?
    for candidate in withDisk {
      let index = held[candidate.node] ?? WindowIndex()
      if index.has(window) {
        best = (candidate.node, -1)
        break
      }
      let peak = index.peak(with: window)
      let load = Double(peak) / Double(max(1, candidate.captures))
      if peak <= candidate.captures, load < best?.load ?? .infinity {
        best = (candidate.node, load)
      }
    }
    guard let best else {
      return .nowhere("Every connected recorder has as many streams then as it can take.")
    }
    held[best.node, default: WindowIndex()].insert(window)
    return .on(best.node)
  }
}
