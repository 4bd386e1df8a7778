internal import Base
internal import Messages

/// Says ahead what cannot all be recorded, and which recordings give way: the same rules that give out
/// work, applied to what is planned and to what schedules will ask for, with the recorders as they are
/// now. A value without I/O.
struct ConflictForecast: Encodable, Hashable, Sendable {
  struct Conflict: Encodable, Hashable, Sendable {
    let at: Instant
    let until: Instant
    /// Streams at once.
    let wanted: Int
    /// Streams that can be captured at once.
    let limit: Int
    var losers: [Loser]
  }

  struct Loser: Encodable, Hashable, Sendable {
    let recording: JobID
    let title: String
    /// One sentence.
    let reason: String
  }

  /// What is planned or will be, and nobody has.
  struct Wish: Hashable, Sendable {
    var job: JobID
    var title: String
    var window: StreamWindow
    var priority: Int
    var tags: Set<String> = []
  }

  private(set) var conflicts: [Conflict] = []

  /// - Parameter titles: of what recorders have.
  init(
    _ wishes: [Wish], held: [HeldWindow], titles: [JobID: String],
    candidates: [AssignmentPolicy.Candidate], limit: Int?
  ) {
    var policy = AssignmentPolicy(candidates, held: held, limit: limit)
    let capacity = min(
      limit ?? .max, candidates.filter(\.isAccepting).reduce(0) { $0 + $1.captures })
    var losers: [(wish: Wish, reason: String)] = []
    let heldByJob = Dictionary(held.map { ($0.job, $0) }) { first, _ in first }
    let wishesByJob = Dictionary(wishes.map { ($0.job, $0) }) { first, _ in first }
    for wish in wishes.sorted(by: Self.isFirst) {
      let placed = AssignmentPolicy.Wish(
        job: wish.job, window: wish.window, priority: wish.priority, tags: wish.tags)
      var placement = policy.place(placed)
      if case .after(let victims) = placement {
        for victim in victims {
          guard !victim.isSpare else {
            policy.releaseSpare(victim.job)
            continue
          }
          let job = victim.job
          policy.release(job)
          let reason =
            "“\(wish.title)” at the same time has a higher priority and takes its place."
          if let loser = wishesByJob[job] {
            losers.append((loser, reason))
          } else if let loser = heldByJob[job] {
            losers.append(
              (
                Wish(
                  job: job, title: titles[job] ?? job.text, window: loser.window,
                  priority: loser.priority), reason
              ))
          }
        }
        placement = policy.place(placed)
      }
      if case .nowhere(let reason, isConflict: true) = placement { losers.append((wish, reason)) }
    }
    let all = held.filter { !$0.isSpare }.map(\.window) + wishes.map(\.window)
    var index = WindowIndex()
    for (number, window) in Set(all).enumerated() {
      index.insert(
        HeldWindow(
          job: JobID(unchecked: "\(number)"), node: NodeID(unchecked: "any"), window: window))
    }
    for (wish, reason) in losers {
      let contest = Self.contest(wish.window, index, capacity: capacity)
      let loser = Loser(recording: wish.job, title: wish.title, reason: reason)
      add(loser, to: contest, capacity: capacity)
    }
    conflicts.sort { ($0.at, $0.until) < ($1.at, $1.until) }
  }

  private mutating func add(
    _ loser: Loser, to contest: (at: Instant, until: Instant, wanted: Int), capacity: Int
  ) {
    let known = conflicts.firstIndex {
      $0.at == contest.at && $0.until == contest.until && $0.wanted == contest.wanted
    }
    if let known {
      conflicts[known].losers.append(loser)
    } else {
      conflicts.append(
        Conflict(
          at: contest.at, until: contest.until, wanted: contest.wanted, limit: capacity,
          losers: [loser]))
    }
  }

  private static func isFirst(_ left: Wish, _ right: Wish) -> Bool {
    if left.priority != right.priority { return left.priority > right.priority }
    return (left.window.start, left.job) < (right.window.start, right.job)
  }

  /// From when to when within a window more streams are wanted than can be captured, and how many at
  /// most; the whole window where they would fit but for how they lie on the recorders.
  private static func contest(
    _ window: StreamWindow, _ index: WindowIndex, capacity: Int
  ) -> (at: Instant, until: Instant, wanted: Int) {
    let others = index.overlapping(window).map(\.window)
    var edges = Set([window.start, window.end])
    for other in others {
      edges.formUnion([max(other.start, window.start), min(other.end, window.end)])
    }
    let points = edges.sorted()
    var (at, until, wanted): (Instant?, Instant, Int) = (nil, window.end, 0)
    for (start, end) in zip(points, points.dropFirst()) {
      let streams = Set(
        others.filter { $0.start <= start && end <= $0.end }.map(\.stream) + [window.stream])
      wanted = max(wanted, streams.count)
      guard streams.count > capacity else { continue }
      if at == nil { at = start }
      until = end
    }
    return (at ?? window.start, at == nil ? window.end : until, wanted)
  }
}
