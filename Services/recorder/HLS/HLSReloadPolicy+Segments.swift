import Base
import Media
import Messages

/// One segment's way: fetched, tried again, stored or given up.
extension HLSReloadPolicy {
  /// The present entry; nil where its number has come to mean another segment.
  func current(_ fetched: HLSEntry) -> HLSEntry? {
    entries[fetched.number].flatMap { $0.sequence == fetched.sequence ? $0 : nil }
  }

  mutating func stored(_ fetched: HLSEntry, _ now: Monotonic) -> [Action] {
    guard current(fetched) != nil else { return [] }
    entries[fetched.number]?.fate = .stored
    lastStored = now
    isStarved = false
    return outage == nil ? report(.capturing, nil) : []
  }

  mutating func fetchFailed(
    _ fetched: HLSEntry, _ failure: SourceFailure, _ isGone: Bool, _ now: Monotonic
  ) -> [Action] {
    let number = fetched.number
    guard var entry = current(fetched), entry.fate == .fetching else { return [] }
    entry.failures += 1
    entry.failure = failure
    let hasExpired = entry.leftAt.map { isGone || now - $0 > window + target } ?? false
    if hasExpired || (isEnded && entry.failures >= Self.patience) {
      entry.fate = .missing
      entries[number] = entry
      return [
        .gap(
          Gap(
            start: entry.start, end: entry.end,
            cause: isGone ? .sourceExpired : failure.cause,
            detail: isGone
              ? "The station listed this segment and never gave it: \(failure.sentence)"
              : failure.sentence))
      ]
    }
    let step = min(Self.steps[min(entry.failures, Self.steps.count) - 1], target)
    entry.fate = .due(now + max(spread(step), min(failure.retryAfter ?? .zero, target)))
    entries[number] = entry
    return []
  }

  /// What is listed and does not come is said before it is given up. A list that is reckoned from the
  /// clock, as some manifests are, moves on though nobody sends any more.
  mutating func checkSegments(_ now: Monotonic) -> [Action] {
    let patience = max(target * 3, .seconds(10))
    guard !isStarved, outage == nil, let lastStored, now - lastStored > patience,
      let failed = entries.values.filter({ $0.isOpen && $0.failures >= 3 }).min(by: {
        $0.number < $1.number
      }), let failure = failed.failure
    else { return [] }
    isStarved = true
    return report(
      .stalled, "The station lists segments and does not give them: \(failure.sentence)")
  }

  /// The oldest first: they leave the list soonest.
  mutating func fetches(_ now: Monotonic) -> [Action] {
    let open = entries.values.filter(\.isOpen).sorted { $0.number < $1.number }
    var free = Self.parallel - open.count { $0.fate == .fetching }
    var actions: [Action] = []
    for var entry in open where free > 0 {
      guard case .due(let at) = entry.fate, at <= now else { continue }
      entry.fate = .fetching
      entries[entry.number] = entry
      actions.append(.fetch(entry))
      free -= 1
    }
    return actions
  }

  /// While the disk takes nothing, segments stay where they are, at the station, for as long as it
  /// keeps them.
  mutating func expire(_ blocked: SourceFailure, _ now: Monotonic) -> [Action] {
    var actions: [Action] = []
    for (number, entry) in entries.sorted(by: { $0.key < $1.key }) {
      guard case .due = entry.fate, let leftAt = entry.leftAt, now - leftAt > window + target else {
        continue
      }
      entries[number]?.fate = .missing
      actions.append(
        .gap(
          Gap(
            start: entry.start, end: entry.end, cause: blocked.cause, detail: blocked.sentence)))
    }
    return actions
  }
}
