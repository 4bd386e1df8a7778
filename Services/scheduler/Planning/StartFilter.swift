internal import Base

/// A date of the calendar, of one year or of every year.
struct CalendarDate: Hashable, Sendable {
  /// nil: every year.
  let year: Int?
  let month: Int
  let day: Int

  /// `YYYY-MM-DD` or `MM-DD`; nil where there is no such date.
  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let digits = parts.count == 3 ? [4, 2, 2] : [2, 2]
    guard parts.count == digits.count,
      zip(parts, digits).allSatisfy({ part, count in
        part.utf8.count == count && part.utf8.allSatisfy { (48...57).contains($0) }
      })
    else { return nil }
    let numbers = parts.compactMap { Int($0) }
    year = parts.count == 3 ? numbers[0] : nil
    month = numbers[numbers.count - 2]
    day = numbers[numbers.count - 1]
    // Every year has the leap years among its years.
    guard (1...12).contains(month), day >= 1,
      day <= CivilTime.daysInMonth(year: year ?? 2000, month: month)
    else { return nil }
  }

  init(year: Int?, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }
}

/// Which starts of a rule do not count: those outside of a span, and those on certain dates.
struct StartFilter: Sendable {
  /// A start that does not count, and why.
  enum Exclusion: Hashable, Sendable {
    case date
    /// The calendar's name.
    case holiday(String)
  }

  /// Nothing starts before.
  var from: Instant?
  /// Nothing starts then or later.
  var until: Instant?
  /// Dates in the zone.
  var dates: Set<CalendarDate> = []
  var holidays: Set<CalendarDate> = []
  /// What people call the calendar of holidays.
  var calendar = ""
  var zone = TimeZoneRules.utc

  /// More dates in a row than that are no exceptions.
  static let mostSkipped = 2000

  func next(of rule: StartRule, after instant: Instant) -> Instant? {
    var last = max(instant, from.map { $0 - .microseconds(1) } ?? instant)
    for _ in 0..<Self.mostSkipped {
      guard let start = rule.next(after: last), start < until ?? .distantFuture else { return nil }
      guard exclusion(of: start) != nil else { return start }
      last = lastInstant(ofDayOf: start)
    }
    return nil
  }

  /// Why a start within the span does not count; nil where it does.
  func exclusion(of start: Instant) -> Exclusion? {
    guard !dates.isEmpty || !holidays.isEmpty else { return nil }
    let local = zone.civil(at: start.seconds)
    let forms = [
      CalendarDate(year: local.year, month: local.month, day: local.day),
      CalendarDate(year: nil, month: local.month, day: local.day),
    ]
    if forms.contains(where: dates.contains) { return .date }
    return forms.contains(where: holidays.contains) ? .holiday(calendar) : nil
  }

  /// The end of an instant's day, or an earlier instant of the same date where the clocks are changed
  /// on it: never later, so that no start of the next day is passed over.
  private func lastInstant(ofDayOf start: Instant) -> Instant {
    let period = zone.period(at: start.seconds)
    let local = start.seconds + Int64(period.offset)
    let midnight = (CivilTime(secondsSinceEpoch: local).daysSinceEpoch + 1) * 86_400
    let end = min(midnight - Int64(period.offset), period.end)
    return max(start, Instant(seconds: end) - .microseconds(1))
  }
}
