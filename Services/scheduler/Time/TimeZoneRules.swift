internal import Base

/// One time zone's rules: what the clocks there show at an instant, and at which instant they show
/// a time.
///
/// Read from the system's time zone database by a `TimeZoneLibrary` (Foundation's zones cost ten
/// megabytes and bring data of their own). A value without I/O; all times are whole seconds, since
/// no zone has ever changed within one.
struct TimeZoneRules: Hashable, Sendable {
  /// A span in which the offset does not change.
  struct Period: Hashable, Sendable {
    /// POSIX seconds; `Int64.min` for the first period there is.
    var start: Int64
    /// POSIX seconds, exclusive; `Int64.max` for the last.
    var end: Int64
    /// Seconds east of Greenwich.
    var offset: Int

    /// What the clock would show at the end, in seconds on itself.
    var localEnd: Int64 { end == .max ? .max : end + Int64(offset) }
    /// What the clock shows at the start, in seconds on itself.
    var localStart: Int64 { start == .min ? .min : start + Int64(offset) }
  }

  struct Transition: Hashable, Sendable {
    /// POSIX seconds: the first second with the new offset.
    var at: Int64
    var offsetBefore: Int
    var offsetAfter: Int
  }

  /// At which instants (POSIX seconds) a clock shows a given time.
  enum Answer: Hashable, Sendable {
    /// Never: the clock was set forward over it, at `skippedAt`.
    case none(skippedAt: Int64)
    case one(Int64)
    /// Twice: the clock was set back.
    case two(Int64, Int64)
  }

  let name: String
  private let file: ZoneFile

  init(name: String, file: ZoneFile) {
    self.name = name
    self.file = file
  }

  static let utc = TimeZoneRules(name: "UTC", file: ZoneFile(fixedOffset: 0))

  /// Seconds east of Greenwich at an instant.
  func offset(at seconds: Int64) -> Int { period(at: seconds).offset }

  /// What the clock shows at an instant.
  func civil(at seconds: Int64) -> CivilTime {
    CivilTime(secondsSinceEpoch: seconds + Int64(offset(at: seconds)))
  }

  func nextTransition(after seconds: Int64) -> Transition? {
    let period = period(at: seconds)
    guard period.end != .max else { return nil }
    return Transition(
      at: period.end, offsetBefore: period.offset, offsetAfter: offset(at: period.end))
  }

  /// The last transition at or before an instant.
  func previousTransition(atOrBefore seconds: Int64) -> Transition? {
    let period = period(at: seconds)
    guard period.start != .min else { return nil }
    return Transition(
      at: period.start, offsetBefore: offset(at: period.start - 1), offsetAfter: period.offset)
  }

  /// The instants at which the clock shows a time; the earlier first.
  func instants(showing civil: CivilTime) -> Answer {
    let local = civil.secondsSinceEpoch
    // No offset is beyond 26 hours, so every period that can show the time meets this window.
    var period = period(at: local - 93_600)
    var found: [Int64] = []
    var skippedAt = period.end
    while true {
      let seconds = local - Int64(period.offset)
      if seconds >= period.start && seconds < period.end { found.append(seconds) }
      if period.localEnd <= local { skippedAt = period.end }
      guard period.end <= local + 93_600 else { break }
      period = self.period(at: period.end)
    }
    switch found.count {
    case 0: return .none(skippedAt: skippedAt)
    case 1: return .one(found[0])
    default: return .two(found[0], found[1])
    }
  }

  /// The span around an instant in which the offset does not change.
  func period(at seconds: Int64) -> Period {
    let last = file.changes.last
    guard let footer = file.footer, footer.daylight != nil, seconds >= last?.at ?? .min else {
      return Self.period(
        at: seconds, in: file.changes,
        before: Period(start: .min, end: .max, offset: file.firstOffset))
    }
    // Two years to either side hold the changes around the instant wherever in the year they fall.
    let year = CivilTime(secondsSinceEpoch: seconds).year
    let start = last?.at ?? .min
    let offset = last?.offset ?? file.firstOffset
    var recurring = footer.changes(in: (year - 2)...(year + 2)).filter { $0.at > start }
    // The first may repeat what the file's last change brought.
    if recurring.first?.offset == offset { recurring.removeFirst() }
    return Self.period(
      at: seconds, in: recurring, before: Period(start: start, end: .max, offset: offset))
  }

  /// The last change at or before the instant, by halving; `before` is what held before the first.
  private static func period(
    at seconds: Int64, in changes: [ZoneFile.Change], before: Period
  ) -> Period {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].at <= seconds { low = middle + 1 } else { high = middle }
    }
    var period = before
    if low > 0 {
      period.start = changes[low - 1].at
      period.offset = changes[low - 1].offset
    }
    if low < changes.count { period.end = changes[low].at }
    return period
  }
}
