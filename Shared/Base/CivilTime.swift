/// The proleptic Gregorian calendar without a zone: a date and a time of day.
///
/// The day arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`, which need no
/// table and no loop.
public struct CivilTime: Hashable, Comparable, Sendable {
  public var year: Int
  /// 1 ... 12
  public var month: Int
  /// 1 ... 31
  public var day: Int
  /// 0 ... 23
  public var hour: Int
  public var minute: Int
  public var second: Int

  public init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// What a clock shows that many seconds after 1970-01-01T00:00:00 on itself.
  public init(secondsSinceEpoch: Int64) {
    let days = floorDivide(secondsSinceEpoch, 86_400)
    let secondOfDay = Int(secondsSinceEpoch - days * 86_400)
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    hour = secondOfDay / 3600
    minute = secondOfDay % 3600 / 60
    second = secondOfDay % 60
  }

  /// Seconds after 1970-01-01T00:00:00 on the same clock.
  public var secondsSinceEpoch: Int64 {
    daysSinceEpoch * 86_400 + Int64(hour * 3600 + minute * 60 + second)
  }

  /// Days after 1970-01-01.
  public var daysSinceEpoch: Int64 {
    let shiftedYear = Int64(month <= 2 ? year - 1 : year)
    let era = floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// 0 = Sunday ... 6 = Saturday, as cron counts.
  public var weekday: Int {
    let days = daysSinceEpoch + 4
    return Int(days - floorDivide(days, 7) * 7)
  }

  public static func daysInMonth(year: Int, month: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  public static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  public static func < (left: CivilTime, right: CivilTime) -> Bool {
    left.secondsSinceEpoch < right.secondsSinceEpoch
  }
}

/// Division that rounds towards minus infinity.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}
