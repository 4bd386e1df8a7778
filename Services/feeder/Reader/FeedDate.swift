internal import Base

/// Reads dates as feeds write them: RFC 822 and ISO 8601, and what people make of them in many
/// languages. What names no zone is taken as UTC.
///
/// Not by formats but by parts: the time of day is what has a colon, the zone stands behind it, a
/// month may have a name, and the rest are numbers whose order follows from how they are separated.
enum FeedDate {
  /// nil where no date can be made of it.
  static func read(_ text: String) -> Instant? {
    let text = text.prefix(200).lowercased()[...].trimmed
    if let compact = readCompact(text) { return compact }
    var parts = DateParts()
    var scanner = DateScanner(text)
    while let token = scanner.next(after: parts.hour != nil) { parts.take(token) }
    return parts.instant
  }

  /// Digits and dashes alone.
  private static func readCompact(_ text: Substring) -> Instant? {
    guard text.utf8.allSatisfy({ ($0 >= 48 && $0 <= 57) || $0 == 45 }), let first = text.utf8.first
    else { return nil }
    let groups = text.split(separator: "-").map { (digits: $0.utf8.count, value: Int($0) ?? 0) }
    switch groups.map(\.digits) {
    // Seconds or milliseconds since 1970.
    case [10]: return Instant(seconds: Int64(groups[0].value))
    case [13]: return Instant(microseconds: Int64(groups[0].value) * 1000)
    case [8]: return split(groups[0].value, century: 0)
    // ISO 8601:1988: two digits of the year, with or without the day of the year.
    case [6]: return split(groups[0].value, century: 2000)
    case [5]:
      guard let year = date(2000 + groups[0].value / 1000, 1, 1) else { return nil }
      return year + .seconds(86_400 * (groups[0].value % 1000 - 1))
    case [4] where first == 45: return date(2000 + groups[0].value / 100, groups[0].value % 100, 1)
    case [4]: return date(groups[0].value, 1, 1)
    case [2, 2] where first == 45: return date(2000 + groups[0].value, groups[1].value, 1)
    case [4, 2], [4, 1]: return date(groups[0].value, groups[1].value, 1)
    case [4, 3]:
      guard let year = date(groups[0].value, 1, 1) else { return nil }
      return year + .seconds(86_400 * (groups[1].value - 1))
    default: return nil
    }
  }

  private static func split(_ value: Int, century: Int) -> Instant? {
    date(century + value / 10_000, value / 100 % 100, value % 100)
  }

  static func date(_ year: Int, _ month: Int, _ day: Int, second: Int = 0) -> Instant? {
    guard (1900...2200).contains(year), (1...12).contains(month),
      (1...CivilTime.daysInMonth(year: year, month: month)).contains(day)
    else { return nil }
    let civil = CivilTime(year: year, month: month, day: day)
    return Instant(seconds: civil.secondsSinceEpoch + Int64(second))
  }
}

/// What has been understood of a date so far.
struct DateParts {
  private(set) var hour: Int?
  private var minute = 0
  private var second = 0
  private var microseconds = 0
  private var isAfternoon: Bool?
  private var month: Int?
  private var offset: Int?
  private var zone: Int?
  private var numbers: [DateNumber] = []

  mutating func take(_ token: DateToken) {
    switch token {
    case .number(let number): numbers.append(number)
    case .time(let hour, let minute, let second, let microseconds):
      guard self.hour == nil else { return }
      (self.hour, self.minute, self.second, self.microseconds) = (
        hour, minute, second, microseconds
      )
    // The first one: "-05:00Z" means what it says first.
    case .offset(let minutes): offset = offset ?? minutes
    case .word(let word):
      if let meridiem = DateWords.meridiem[word] {
        isAfternoon = meridiem
        // Only Korean feeds write it so, in Korean time.
        if word.unicodeScalars.first.map({ $0.value > 0xFF }) ?? false { zone = zone ?? 540 }
      } else if hour != nil, let minutes = DateWords.zone(word) {
        zone = minutes
      } else if let number = DateWords.month(word) {
        // "mar., 01 déc.": the weekday comes first.
        month = number
      }
    case .koreanDate: zone = zone ?? 540
    }
  }

  var instant: Instant? {
    guard let (year, month, day) = date, var hour, (0...24).contains(hour), minute < 60 else {
      return self.hour == nil ? date.flatMap { FeedDate.date($0, $1, $2) } : nil
    }
    if let isAfternoon, hour <= 12 { hour = hour % 12 + (isAfternoon ? 12 : 0) }
    let time = hour * 3600 + minute * 60 + min(second, 59) - (offset ?? zone ?? 0) * 60
    return FeedDate.date(year, month, day, second: time).map {
      $0 + .microseconds(microseconds)
    }
  }

  private var date: (Int, Int, Int)? {
    if let month {
      guard let yearIndex = yearIndex(named: true) else { return nil }
      let days = numbers.indices.filter { $0 != yearIndex && numbers[$0].digits <= 2 }
      return (numbers[yearIndex].year, month, days.first.map { numbers[$0].value } ?? 1)
    }
    guard numbers.count >= 3 else {
      // "2018-12T…": a year and a month.
      guard numbers.count == 2, numbers[0].digits == 4 else { return nil }
      return (numbers[0].value, numbers[1].value, 1)
    }
    let (a, b, c) = (numbers[0], numbers[1], numbers[2])
    if a.digits == 4 || a.value > 31 { return (a.year, b.value, c.value) }
    switch a.separator {
    case "/" where a.value <= 12: return (c.year, a.value, b.value)
    case "-" where c.digits <= 2: return (a.year, b.value, c.value)
    default: return (c.year, b.value, a.value)
    }
  }

  /// With a month by name: four digits, else the last of the numbers.
  private func yearIndex(named: Bool) -> Int? {
    if let long = numbers.firstIndex(where: { $0.digits == 4 }) { return long }
    return numbers.count >= 2 ? numbers.count - 1 : nil
  }
}

struct DateNumber: Hashable {
  var value: Int
  var digits: Int
  /// What stands right behind it.
  var separator: Character?

  /// Two digits are of this century, or of the one before from 70 on.
  var year: Int { digits > 2 ? value : value + (value < 70 ? 2000 : 1900) }
}
