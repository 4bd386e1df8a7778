internal import Base

/// The rule in a zone file's footer, such as `CET-1CEST,M3.5.0,M10.5.0/3`: the offset outside and
/// within daylight-saving time, and when each year the one gives way to the other.
///
/// Grammar: POSIX.1 §8.3 `TZ`, with RFC 9636's hours from -167 to 167. Daylight-saving time may lie
/// behind standard time (Ireland), over the turn of the year (southern hemisphere) or all year.
struct PosixZoneRule: Hashable, Sendable {
  /// A day of the year, and a time of that day in seconds that may lie days before or after it.
  struct Moment: Hashable, Sendable {
    enum Day: Hashable, Sendable {
      /// 1 ... 365; 29 February is never counted.
      case julian(Int)
      /// 0 ... 365; 29 February is counted.
      case zeroBased(Int)
      /// Month, week 1 ... 5 (5 = the last), weekday from 0 = Sunday.
      case weekday(month: Int, week: Int, weekday: Int)
    }

    var day: Day
    var secondOfDay: Int

    /// Seconds since 1970-01-01T00:00:00 on the zone's own clock.
    func localSeconds(in year: Int) -> Int64 {
      let newYear = CivilTime(year: year, month: 1, day: 1).daysSinceEpoch
      let days: Int64
      switch day {
      case .julian(let number):
        days = newYear + Int64(number - 1 + (number > 59 && CivilTime.isLeap(year) ? 1 : 0))
      case .zeroBased(let number): days = newYear + Int64(number)
      case .weekday(let month, let week, let weekday):
        let first = CivilTime(year: year, month: month, day: 1)
        var number = 1 + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
        if number > CivilTime.daysInMonth(year: year, month: month) { number -= 7 }
        days = first.daysSinceEpoch + Int64(number - 1)
      }
      return days * 86_400 + Int64(secondOfDay)
    }
  }

  struct Daylight: Hashable, Sendable {
    /// Seconds east of Greenwich.
    var offset: Int
    var start: Moment
    var end: Moment
  }

  /// Seconds east of Greenwich outside daylight-saving time.
  var standardOffset: Int
  var daylight: Daylight?

  /// The changes that the rule yields in the years given, in order of time: two for each year.
  func changes(in years: ClosedRange<Int>) -> [ZoneFile.Change] {
    guard let daylight else { return [] }
    var result: [ZoneFile.Change] = []
    for year in years {
      result.append(ZoneFile.Change(at: start(of: daylight, in: year), offset: daylight.offset))
      result.append(ZoneFile.Change(at: end(of: daylight, in: year), offset: standardOffset))
    }
    return result.sorted { $0.at < $1.at }
  }

  private func start(of daylight: Daylight, in year: Int) -> Int64 {
    daylight.start.localSeconds(in: year) - Int64(standardOffset)
  }

  private func end(of daylight: Daylight, in year: Int) -> Int64 {
    daylight.end.localSeconds(in: year) - Int64(daylight.offset)
  }

  /// Daylight-saving time that ends when the next year's starts never ends (RFC 9636 §3.3.1); then
  /// there is but one offset.
  private mutating func simplify() {
    guard let daylight else { return }
    let isAllYear = (2023...2024).allSatisfy {
      end(of: daylight, in: $0) == start(of: daylight, in: $0 + 1)
    }
    guard isAllYear || daylight.offset == standardOffset else { return }
    standardOffset = daylight.offset
    self.daylight = nil
  }
}

/// Reading the text.
extension PosixZoneRule {
  init?(_ text: String) {
    var scanner = RuleScanner(text)
    guard scanner.skipName(), let west = scanner.time(hours: 0...24) else { return nil }
    standardOffset = -west
    if scanner.isAtEnd { return }
    guard scanner.skipName() else { return nil }
    // One hour ahead of standard time unless said otherwise (POSIX).
    var offset = standardOffset + 3600
    if !scanner.isAt(",") {
      guard let west = scanner.time(hours: 0...24) else { return nil }
      offset = -west
    }
    guard scanner.skip(","), let start = scanner.moment(), scanner.skip(","),
      let end = scanner.moment(), scanner.isAtEnd
    else { return nil }
    daylight = Daylight(offset: offset, start: start, end: end)
    simplify()
  }
}

private struct RuleScanner {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  func isAt(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard isAt(character) else { return false }
    rest.removeFirst()
    return true
  }

  /// Three or more letters, or anything but `>` between angle brackets.
  mutating func skipName() -> Bool {
    if skip("<") {
      guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
      rest = rest[rest.index(after: end)...]
      return true
    }
    let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
    rest = rest.dropFirst(letters.count)
    return letters.count >= 3
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int? {
    let digits = rest.prefix { (48...57).contains($0) }
    guard (1...3).contains(digits.count) else { return nil }
    rest = rest.dropFirst(digits.count)
    let value = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    return range.contains(value) ? value : nil
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  mutating func time(hours: ClosedRange<Int>) -> Int? {
    let sign = skip("-") ? -1 : 1
    if sign > 0 { _ = skip("+") }
    guard let hour = number(hours) else { return nil }
    var seconds = hour * 3600
    if skip(":") {
      guard let minute = number(0...59) else { return nil }
      seconds += minute * 60
      if skip(":") {
        guard let second = number(0...59) else { return nil }
        seconds += second
      }
    }
    return sign * seconds
  }

  mutating func moment() -> PosixZoneRule.Moment? {
    guard let day = day() else { return nil }
    // Two o'clock unless said otherwise (POSIX).
    guard skip("/") else { return PosixZoneRule.Moment(day: day, secondOfDay: 7200) }
    guard let second = time(hours: 0...167) else { return nil }
    return PosixZoneRule.Moment(day: day, secondOfDay: second)
  }

  private mutating func day() -> PosixZoneRule.Moment.Day? {
    if skip("J") { return number(1...365).map { .julian($0) } }
    guard skip("M") else { return number(0...365).map { .zeroBased($0) } }
    guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
      let weekday = number(0...6)
    else { return nil }
    return .weekday(month: month, week: week, weekday: weekday)
  }
}
