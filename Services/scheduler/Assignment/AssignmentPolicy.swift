internal import Base

/// Chooses the recorder of each recording: by the credit that recorders announce (how many streams
/// they take, room on the disk, load, tags), less what the scheduler has given them already, and within
/// the limit for all.
///
/// A recorder that will hold the same stream then anyway is preferred, since one connection serves
/// every recording of a stream; else the one with the most room. Where there is none, what has not
/// begun gives way to what has a higher priority. A value without I/O.
struct AssignmentPolicy: Sendable {
  struct Candidate: Hashable, Sendable {
    var node: NodeID
    /// How many streams it takes at once.
    var captures: Int
    var diskFreeBytes: Int64
    /// False while it is paused or draining.
    var isAccepting: Bool
    var tags: Set<String> = []
    /// Runnable tasks for each core.
    var load = 0.0
    /// When its disk will be full by how its tapes grow; nil where that is not foreseen.
    var diskFullAt: Instant?
  }

  /// What is to be placed.
  struct Wish: Hashable, Sendable {
    var job: JobID
    var window: StreamWindow
    var priority = 0
    /// What a recorder must have.
    var tags: Set<String> = []
    /// Whether it is a second recorder that is looked for: it counts for the recorder and not for
    /// all, and nothing gives way to it.
    var isSpare = false

    func held(by node: NodeID, isFixed: Bool = false) -> HeldWindow {
      HeldWindow(
        job: job, node: node, window: window, priority: priority, isFixed: isFixed,
        isSpare: isSpare)
    }
  }

  enum Placement: Hashable, Sendable {
    case on(NodeID)
    /// There is room once these have left their places; of a spare one the second recorder alone.
    case after([HeldWindow])
    /// One sentence for the person who waits for the recording. `isConflict`: others stand in its way.
    case nowhere(String, isConflict: Bool = false)
  }

  /// Below this a recorder is not given more: 256 MiB are hours of radio, and what it already has
  /// needs room as well.
  static let leastDiskBytes: Int64 = 256 << 20

  let candidates: [Candidate]
  /// The most streams that are recorded at once by all recorders together; nil is without limit.
  let limit: Int?
  private var held: [NodeID: WindowIndex] = [:]
  private var all = WindowIndex()
  private var jobs: [JobID: [HeldWindow]] = [:]

  init(_ candidates: [Candidate], held: some Sequence<HeldWindow>, limit: Int? = nil) {
    self.candidates = candidates.sorted { $0.node < $1.node }
    self.limit = limit
    for window in held { hold(window) }
  }

  var hasCandidates: Bool { !candidates.isEmpty }

  mutating func hold(_ window: HeldWindow) {
    held[window.node, default: WindowIndex()].insert(window)
    if !window.isSpare { all.insert(window) }
    jobs[window.job, default: []].append(window)
  }

  /// A recording is on nobody's hands any more.
  mutating func release(_ job: JobID) {
    for window in jobs.removeValue(forKey: job) ?? [] {
      held[window.node]?.remove(window)
      if !window.isSpare { all.remove(window) }
    }
  }

  /// A second recorder no longer has it.
  mutating func releaseSpare(_ job: JobID) {
    for window in jobs[job] ?? [] where window.isSpare { held[window.node]?.remove(window) }
    jobs[job]?.removeAll(where: \.isSpare)
  }

  /// Finds a place and reserves it. `avoiding` names recorders that cannot have this one.
  mutating func place(_ wish: Wish, avoiding: Set<NodeID> = []) -> Placement {
    switch usable(wish, avoiding: avoiding) {
    case .failure(let obstacle): return .nowhere(obstacle.text)
    case .success(let usable):
      let isWithinLimit = wish.isSpare || limit.map { all.peak(with: wish.window) <= $0 } ?? true
      if isWithinLimit, let node = best(of: usable, wish) {
        hold(wish.held(by: node))
        return .on(node)
      }
      if !wish.isSpare, let victims = victims(of: wish, usable) { return .after(victims) }
      let text =
        isWithinLimit
        ? "Every connected recorder has as many streams then as it can take."
        : "More would be recorded at once then than is allowed (\(limit ?? 0), by [scheduler] "
          + "maximum_recordings)."
      let isOutranked = all.overlapping(wish.window).contains { $0.priority > wish.priority }
      return .nowhere(
        isOutranked ? text + " What has a higher priority goes first." : text, isConflict: true)
    }
  }

  private struct Obstacle: Error { let text: String }

  private func usable(
    _ wish: Wish, avoiding: Set<NodeID>
  ) -> Result<[Candidate], Obstacle> {
    var left = candidates.filter { !avoiding.contains($0.node) }
    if left.isEmpty { return .failure(Obstacle(text: "No recorder is connected.")) }
    left = left.filter(\.isAccepting)
    if left.isEmpty { return .failure(Obstacle(text: "Every connected recorder is paused.")) }
    left = left.filter { wish.tags.isSubset(of: $0.tags) }
    if left.isEmpty {
      let names = wish.tags.sorted().map { "'\($0)'" }.joined(separator: ", ")
      return .failure(
        Obstacle(text: "No connected recorder has the tags that the stream asks for: \(names)."))
    }
    left = left.filter { $0.diskFreeBytes >= Self.leastDiskBytes }
    if left.isEmpty {
      return .failure(Obstacle(text: "No connected recorder has room on its disk."))
    }
    return .success(left)
  }

  private func best(of candidates: [Candidate], _ wish: Wish) -> NodeID? {
    var best: (node: NodeID, cost: Double)?
    for candidate in candidates {
      let index = held[candidate.node] ?? WindowIndex()
      let peak = index.peak(with: wish.window)
      guard peak <= candidate.captures else { continue }
      let cost = cost(of: candidate, wish.window, peak: peak, has: index.has(wish.window))
      if cost < best?.cost ?? .infinity { best = (candidate.node, cost) }
    }
    return best?.node
  }

  /// What speaks against a recorder: a disk that will be full in time, most of all; a connection that
  /// it would have to open; how much of its captures is taken; a queue for its processor.
  private func cost(
    of candidate: Candidate, _ window: StreamWindow, peak: Int, has: Bool
  ) -> Double {
    let isFull = candidate.diskFullAt.map { $0 < window.end } ?? false
    return (isFull ? 100 : 0) + (has ? 0 : 10)
      + Double(peak) / Double(max(1, candidate.captures))
      + min(5, max(0, candidate.load - 1))
  }

  /// Who must leave so that there is a place: second recorders first, whatever they help; then what is
  /// of lower priority and has not begun, the least important first. No more than are needed; nil
  /// where that would not help.
  private func victims(of wish: Wish, _ candidates: [Candidate]) -> [HeldWindow]? {
    var best: [HeldWindow]?
    for candidate in candidates {
      var trial = self
      var leaving: [HeldWindow] = []
      let movable = trial.all.overlapping(wish.window)
        .union(trial.held[candidate.node]?.overlapping(wish.window) ?? [])
        .filter { $0.isSpare || (!$0.isFixed && $0.priority < wish.priority) }
        .sorted(by: Self.isLessImportant)
      func fits(_ trial: AssignmentPolicy) -> (recorder: Bool, limit: Bool) {
        let peak = trial.held[candidate.node]?.peak(with: wish.window) ?? 1
        return (
          peak <= candidate.captures,
          trial.limit.map { trial.all.peak(with: wish.window) <= $0 } ?? true
        )
      }
      for held in movable {
        let state = fits(trial)
        if state.recorder, state.limit { break }
        // One on another recorder makes room for the limit alone.
        if state.limit, held.node != candidate.node { continue }
        if held.isSpare { trial.releaseSpare(held.job) } else { trial.release(held.job) }
        leaving.append(held)
      }
      let state = fits(trial)
      guard state.recorder, state.limit, !leaving.isEmpty else { continue }
      let isBetter =
        best.map { best in
          let (mine, its) = (Self.price(of: leaving), Self.price(of: best))
          return mine != its ? mine < its : leaving.count < best.count
        } ?? true
      if isBetter { best = leaving }
    }
    return best
  }

  /// The highest priority that has to leave; second recorders cost nothing.
  private static func price(of leaving: [HeldWindow]) -> Int {
    leaving.filter { !$0.isSpare }.map(\.priority).max() ?? .min
  }

  /// Second recorders leave first, and the lower priority; then what starts later, then the greater id.
  private static func isLessImportant(_ left: HeldWindow, _ right: HeldWindow) -> Bool {
    if left.isSpare != right.isSpare { return left.isSpare }
    if left.priority != right.priority { return left.priority < right.priority }
    return (left.window.start, left.job) > (right.window.start, right.job)
  }

  // MARK: For the rules that move what is placed

  func peak(of node: NodeID, with window: StreamWindow) -> Int {
    held[node]?.peak(with: window) ?? 1
  }

  /// Whether a recorder needs the stream within a window for another recording too.
  func isNeededElse(_ one: HeldWindow) -> Bool {
    held[one.node]?.overlapping(one.window).contains {
      $0.job != one.job && $0.window.stream == one.window.stream
    } ?? false
  }
}
