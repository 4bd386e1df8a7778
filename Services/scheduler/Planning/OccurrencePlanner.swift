internal import Base

/// Turns schedules into occurrences, a horizon ahead of now, each exactly once.
///
/// A value without clock or disk. It holds one candidate per enabled schedule, its next start, in a
/// heap ordered by when that start comes within reach; replacing one schedule touches no other.
/// What has been handed out is remembered by the caller, as a *cursor* per schedule (the last start
/// that was planned), from which a planner is built again after a restart: so nothing is planned
/// twice and nothing that fell due meanwhile is passed over.
struct OccurrencePlanner {
  /// A schedule that recurs quickly is planned less far ahead: this many occurrences at most.
  static let mostAhead = 500

  private struct Candidate: Comparable {
    /// When the occurrence comes within reach.
    var dueAt: Instant
    var start: Instant
    var id: ScheduleID
    /// Which version of the schedule it was computed from; others are stale and skipped.
    var version: UInt64

    static func < (left: Candidate, right: Candidate) -> Bool {
      (left.dueAt, left.start, left.id) < (right.dueAt, right.start, right.id)
    }
  }

  private struct Entry {
    var schedule: PlannedSchedule
    var version: UInt64
    /// How far before its padded start an occurrence is planned.
    var reach: Duration
  }

  let horizon: Duration
  private var entries: [ScheduleID: Entry] = [:]
  private var candidates = MinHeap<Candidate>()
  private var lastVersion: UInt64 = 0

  init(horizon: Duration = .seconds(86_400)) { self.horizon = horizon }

  var count: Int { entries.count }

  func schedule(_ id: ScheduleID) -> PlannedSchedule? { entries[id]?.schedule }

  /// The cursor of a schedule that was never planned: what is still on air at that moment is
  /// recorded from there on, what is over is not.
  static func freshCursor(for schedule: PlannedSchedule, at now: Instant) -> Instant {
    schedule.earliestOnAir(at: now)
  }

  /// Adds or replaces a schedule; its occurrences with a start after the cursor will be handed out.
  mutating func put(_ schedule: PlannedSchedule, plannedThrough cursor: Instant) {
    lastVersion += 1
    guard schedule.isEnabled, let start = schedule.next(after: cursor) else {
      remove(schedule.id)
      return
    }
    let entry = Entry(
      schedule: schedule, version: lastVersion, reach: reach(of: schedule, first: start))
    entries[schedule.id] = entry
    candidates.insert(candidate(entry, start))
    dropStale()
  }

  mutating func remove(_ id: ScheduleID) {
    entries[id] = nil
    dropStale()
  }

  /// When `takeDue` has something to give again; nil while there is nothing to wait for.
  var nextDueAt: Instant? { candidates.first?.dueAt }

  /// The occurrences that are within reach now, in order of when they came within reach, at most
  /// `limit` of them (then call again). Those that are over already are among them: it is for the
  /// caller to say that they were missed.
  mutating func takeDue(at now: Instant, limit: Int = .max) -> [Occurrence] {
    var due: [Occurrence] = []
    while due.count < limit, let first = candidates.first, first.dueAt <= now {
      _ = candidates.removeFirst()
      guard let entry = entries[first.id], entry.version == first.version else { continue }
      due.append(Occurrence(of: entry.schedule, start: first.start))
      if let start = entry.schedule.next(after: first.start) {
        candidates.insert(candidate(entry, start))
      } else {
        entries[first.id] = nil
      }
    }
    return due
  }

  private func candidate(_ entry: Entry, _ start: Instant) -> Candidate {
    Candidate(
      dueAt: start - entry.schedule.paddingBefore - entry.reach, start: start,
      id: entry.schedule.id, version: entry.version)
  }

  private func reach(of schedule: PlannedSchedule, first: Instant) -> Duration {
    guard let second = schedule.next(after: first) else { return horizon }
    return min(horizon, (second - first) * Self.mostAhead)
  }

  /// Stale candidates are skipped when their turn comes; when they outnumber the rest, they go.
  private mutating func dropStale() {
    guard candidates.count > 64, candidates.count > 2 * entries.count else { return }
    let versions = entries.mapValues(\.version)
    candidates.keep { versions[$0.id] == $0.version }
  }
}
