internal import Base

/// Finds the instants of a cron expression in a time zone.
///
/// When clocks are changed, it follows Debian's cron. An expression that names its minute and hour
/// goes by the clock's face: what falls into skipped time starts once, at the first instant after
/// it, and what is shown twice starts the first time only (`DoubledHour.both`: both times). One
/// with `*` as its minute or hour goes by elapsed time: it starts whenever the clock really shows a
/// match.
///
/// The search walks over the zone's periods of equal offset; within one of them local time is just
/// seconds to count.
struct CronSearch: Sendable {
  /// What happens to a time that the clock shows twice.
  enum DoubledHour: String, Sendable {
    case first, both
  }

  let expression: CronExpression
  let zone: TimeZoneRules
  let doubledHour: DoubledHour

  /// The calendar repeats its weekdays with 29 February after at most 40 years; what has not come
  /// in 50 never will (30 February).
  static let horizonSeconds: Int64 = 50 * 366 * 86_400

  /// How long after a change the clock may still show what it has shown before: no two offsets are
  /// further apart than a day from either side of Greenwich.
  private static let longestRepeat: Int64 = 2 * 93_600

  init(
    _ expression: CronExpression, in zone: TimeZoneRules, doubledHour: DoubledHour = .first
  ) {
    self.expression = expression
    self.zone = zone
    self.doubledHour = doubledHour
  }

  /// The first instant of the expression that is later; nil when there is none within 50 years.
  func next(after instant: Instant) -> Instant? {
    let earliest = instant.seconds + 1
    let limit = earliest + Self.horizonSeconds
    var period = zone.period(at: earliest)
    while true {
      if let found = first(in: period, from: earliest, limit: limit) {
        return Instant(seconds: found)
      }
      guard period.end < limit else { return nil }
      period = zone.period(at: period.end)
    }
  }

  /// What the expression names on the clock's face in a span of it, whether or not the clock shows
  /// it; seconds on the clock.
  func faces(in span: Range<Int64>, limit: Int) -> [Int64] {
    var found: [Int64] = []
    var local = span.lowerBound
    while found.count < limit, let face = next(local: local, before: span.upperBound) {
      found.append(face)
      local = face + 1
    }
    return found
  }

  /// The first match in one period, at or after `earliest`.
  private func first(
    in period: TimeZoneRules.Period, from earliest: Int64, limit: Int64
  ) -> Int64? {
    let offset = Int64(period.offset)
    var local = max(earliest, period.start) + offset
    let localLimit = min(period.end, limit) + offset
    if !expression.isWildcard, period.start != .min, earliest < period.start + Self.longestRepeat {
      let shown = shownBefore(period)
      if shown < period.localStart, earliest <= period.start,
        next(local: shown, before: period.localStart) != nil
      {
        return period.start
      }
      if doubledHour == .first { local = max(local, shown) }
    }
    return next(local: local, before: localLimit).map { $0 - offset }
  }

  /// The end of what the clock has shown before a period began, on the clock itself. Two changes
  /// may follow each other within days, so the latest of a few periods counts.
  private func shownBefore(_ period: TimeZoneRules.Period) -> Int64 {
    var start = period.start
    var shown = Int64.min
    for _ in 0..<3 where start != .min {
      let before = zone.period(at: start - 1)
      shown = max(shown, before.localEnd)
      start = before.start
    }
    return shown
  }

  /// The first match on the clock's face from `local` on, in seconds on the clock.
  private func next(local: Int64, before end: Int64) -> Int64? {
    guard local < end else { return nil }
    let start = CivilTime(secondsSinceEpoch: local)
    var (year, month) = (start.year, start.month)
    while true {
      let first = CivilTime(year: year, month: month, day: 1)
      guard first.secondsSinceEpoch < end else { return nil }
      if expression.sets.months & (1 << UInt64(month)) != 0 {
        let isStart = year == start.year && month == start.month
        if let found = match(year, month, from: isStart ? start : first) {
          let seconds = found.secondsSinceEpoch
          return seconds < end ? seconds : nil
        }
      }
      (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
    }
  }

  /// The first match in a month from a time within it on.
  private func match(_ year: Int, _ month: Int, from start: CivilTime) -> CivilTime? {
    var days = expression.sets.matchingDays(year: year, month: month)
    days &= ~0 << UInt64(start.day)
    while days != 0 {
      let day = days.trailingZeroBitCount
      var found = CivilTime(year: year, month: month, day: day)
      if day == start.day { found = start }
      if advanceTime(&found) { return found }
      days &= days - 1
    }
    return nil
  }

  /// Moves on to the first matching time of the same day; false when there is none.
  private func advanceTime(_ time: inout CivilTime) -> Bool {
    let sets = expression.sets
    let isHour = sets.hours & (1 << UInt64(time.hour)) != 0
    let isMinute = sets.minutes & (1 << UInt64(time.minute)) != 0
    if isHour && isMinute, let second = firstBit(of: sets.seconds, from: time.second) {
      time.second = second
      return true
    }
    time.second = sets.seconds.trailingZeroBitCount
    if isHour, let minute = firstBit(of: sets.minutes, from: time.minute + 1) {
      time.minute = minute
      return true
    }
    time.minute = sets.minutes.trailingZeroBitCount
    guard let hour = firstBit(of: sets.hours, from: time.hour + 1) else { return false }
    time.hour = hour
    return true
  }

  private func firstBit(of bits: UInt64, from position: Int) -> Int? {
    let rest = position < 64 ? bits >> UInt64(position) : 0
    return rest == 0 ? nil : position + rest.trailingZeroBitCount
  }
}
