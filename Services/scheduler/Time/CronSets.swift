internal import Base

/// What each field of a cron expression allows, as bits.
struct CronSets: Hashable, Sendable {
  var seconds: UInt64 = 0
  var minutes: UInt64 = 0
  var hours: UInt64 = 0
  /// Bit 1 ... 31.
  var days: UInt64 = 0
  /// Bit 1 ... 12.
  var months: UInt64 = 0
  /// Bit 0 = Sunday ... 6.
  var weekdays: UInt64 = 0
  /// `L` is bit 0, `L-3` is bit 3.
  var daysBeforeLast: UInt64 = 0
  /// `LW`
  var hasLastWorkday = false
  /// `15W` is bit 15.
  var nearestWeekdays: UInt64 = 0
  /// `5L` is bit 5.
  var lastWeekdays: UInt64 = 0
  /// `5#2` is bit 5 of the second.
  var numberedWeekdays: [UInt64] = [0, 0, 0, 0, 0]
  /// Whether both day fields must hold (one of them begins with `*`) or either is enough: the rule
  /// of Debian's cron, see crontab(5).
  var mustMatchBothDays = true

  mutating func insert(_ first: Int, through last: Int, step: Int, into field: CronField) {
    var bits: UInt64 = 0
    for value in stride(from: first, through: last, by: step) {
      bits |= 1 << UInt64(field == .dayOfWeek ? value % 7 : value)
    }
    switch field {
    case .second: seconds |= bits
    case .minute: minutes |= bits
    case .hour: hours |= bits
    case .dayOfMonth: days |= bits
    case .month: months |= bits
    case .dayOfWeek: weekdays |= bits
    }
  }

  /// The days of a month that match, as bits 1 ... 31.
  func matchingDays(year: Int, month: Int) -> UInt64 {
    let count = CivilTime.daysInMonth(year: year, month: month)
    let firstWeekday = CivilTime(year: year, month: month, day: 1).weekday
    let all: UInt64 = (1 << UInt64(count + 1)) - 2
    let byDay = daysOfMonth(count: count, firstWeekday: firstWeekday)
    let byWeekday = daysOfWeek(count: count, firstWeekday: firstWeekday)
    return (mustMatchBothDays ? byDay & byWeekday : byDay | byWeekday) & all
  }

  private func daysOfMonth(count: Int, firstWeekday: Int) -> UInt64 {
    var result = days
    for offset in 0..<count where daysBeforeLast & (1 << UInt64(offset)) != 0 {
      result |= 1 << UInt64(count - offset)
    }
    if hasLastWorkday { result |= 1 << UInt64(workday(nearest: count, count, firstWeekday)) }
    for day in 1...count where nearestWeekdays & (1 << UInt64(day)) != 0 {
      result |= 1 << UInt64(workday(nearest: day, count, firstWeekday))
    }
    return result
  }

  /// The day from Monday to Friday that is nearest to a day and in the same month.
  private func workday(nearest day: Int, _ count: Int, _ firstWeekday: Int) -> Int {
    switch (firstWeekday + day - 1) % 7 {
    case 6: day > 1 ? day - 1 : day + 2
    case 0: day < count ? day + 1 : day - 2
    default: day
    }
  }

  private func daysOfWeek(count: Int, firstWeekday: Int) -> UInt64 {
    var result: UInt64 = 0
    for day in 1...count {
      let bit: UInt64 = 1 << UInt64((firstWeekday + day - 1) % 7)
      let isLast = day + 7 > count
      if weekdays & bit != 0 || (isLast && lastWeekdays & bit != 0)
        || numberedWeekdays[(day - 1) / 7] & bit != 0
      {
        result |= 1 << UInt64(day)
      }
    }
    return result
  }
}
