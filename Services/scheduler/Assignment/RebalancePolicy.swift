internal import Base

/// Which recordings are worth moving from one recorder to another, and which must. A value.
///
/// A recording lies on one recorder whole: only what has not begun is moved, and so far ahead that the
/// new recorder has its plan long before it connects. Where a recording on the old one follows without
/// a break, the new one connects before the old one lets go, so no move ever costs a frame; it costs
/// one connection for a moment.
///
/// - Must: the recorder takes nothing new (it is about to end, or paused), lacks the tags that the
///   stream asks for now, or its disk will be full before the recording ends.
/// - Worth it: most of its captures are taken then, and the other one's are clearly less so: moving to
///   and fro for little is worse than leaving things where they are.
struct RebalancePolicy: Sendable {
  struct Move: Hashable, Sendable {
    var job: JobID
    var from: NodeID
    var to: NodeID
  }

  /// What begins sooner stays.
  var notice = Duration.seconds(120)
  /// The part of a recorder's captures from which on it is called crowded.
  var crowded = 0.8
  /// By how much less the other one's must be taken, with what is moved.
  var gain = 0.25
  /// In one round; the next one sees what these have changed.
  var mostMoves = 50

  func moves(
    of held: [HeldWindow], in policy: AssignmentPolicy, tags: [StreamID: Set<String>],
    at now: Instant
  ) -> [Move] {
    var policy = policy
    var moves: [Move] = []
    let nodes = Dictionary(uniqueKeysWithValues: policy.candidates.map { ($0.node, $0) })
    let movable = held.filter {
      !$0.isFixed && !$0.isSpare && $0.window.start >= now + notice && nodes[$0.node] != nil
    }
    // The soonest last, so that what is nearest moves least.
    for one in movable.sorted(by: { ($0.window.start, $0.job) > ($1.window.start, $1.job) }) {
      guard moves.count < mostMoves, let holder = nodes[one.node] else { break }
      let wanted = tags[one.window.stream] ?? []
      let peak = policy.peak(of: one.node, with: one.window)
      let share = Double(peak) / Double(max(1, holder.captures))
      let must = mustLeave(one, holder, wanted)
      guard must || share >= crowded else { continue }
      // A connection that is needed around it anyway would not be saved.
      if !must, policy.isNeededElse(one) { continue }
      guard
        let target = target(for: one, share: must ? .infinity : share, wanted, in: policy, must)
      else { continue }
      moves.append(Move(job: one.job, from: one.node, to: target))
      policy.release(one.job)
      var moved = one
      moved.node = target
      policy.hold(moved)
    }
    return moves
  }

  private func mustLeave(
    _ one: HeldWindow, _ holder: AssignmentPolicy.Candidate, _ wanted: Set<String>
  ) -> Bool {
    !holder.isAccepting || !wanted.isSubset(of: holder.tags)
      || holder.diskFreeBytes < AssignmentPolicy.leastDiskBytes
      || holder.diskFullAt.map { $0 < one.window.end } ?? false
  }

  private func target(
    for one: HeldWindow, share: Double, _ wanted: Set<String>, in policy: AssignmentPolicy,
    _ must: Bool
  ) -> NodeID? {
    var best: (node: NodeID, share: Double)?
    for candidate in policy.candidates where candidate.node != one.node {
      guard !mustLeave(one, candidate, wanted) else { continue }
      let peak = policy.peak(of: candidate.node, with: one.window)
      guard peak <= candidate.captures else { continue }
      let its = Double(peak) / Double(max(1, candidate.captures))
      guard must || its <= share - gain else { continue }
      if its < best?.share ?? .infinity { best = (candidate.node, its) }
    }
    return best?.node
  }
}
