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

  /// A list that is reckoned from the clock, as some manifests are, moves on though nobody sends any
  /// more. So what is listed and does not come is said, and after a while the address is given up:
  /// another may be well, and whoever comes back here asks again for what is still listed.
  mutating func checkSegments(_ now: Monotonic) -> [Action] {
    guard !isEnded, outage == nil, let lastStored else { return [] }
    let silence = now - lastStored
    guard silence > max(target * 3, .seconds(10)) else { return [] }
    let open = entries.values.filter(\.isOpen).sorted { $0.number < $1.number }
    guard let reason = open.first(where: { $0.failures >= 3 })?.failure else { return [] }
    let failure = SourceFailure(
      reason.cause, "The station lists segments and does not give them: \(reason.sentence)",
      pace: reason.pace)
    if silence > max(target * 6, Self.starvation) {
      outage = failure
      for entry in open { entries[entry.number]?.fate = .missing }
      return open.map {
        .gap(Gap(start: $0.start, end: $0.end, cause: failure.cause, detail: failure.sentence))
      } + [.outage(failure), .giveUp(failure)]
    }
    guard !isStarved else { return [] }
    isStarved = true
    return report(.stalled, failure.sentence)
  }

  static let starvation = Duration.seconds(30)

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
