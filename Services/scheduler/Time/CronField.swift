/// The six places of a cron expression, in order, with what each may hold.
enum CronField: Int, CaseIterable {
  case second, minute, hour, dayOfMonth, month, dayOfWeek

  var name: String {
    ["second", "minute", "hour", "day-of-month", "month", "day-of-week"][rawValue]
  }

  /// The values that a person may write; for the day of the week both 0 and 7 are Sunday.
  var range: ClosedRange<Int> { [0...59, 0...59, 0...23, 1...31, 1...12, 0...7][rawValue] }

  /// The last value of `*` and of an open range such as `3/2`.
  var last: Int { self == .dayOfWeek ? 6 : range.upperBound }

  /// Three-letter names, the first standing for the range's first value.
  var names: [String] {
    switch self {
    case .month:
      [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
      ]
    case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    default: []
    }
  }
}

/// One part of an expression between blanks, and where it stands.
struct CronToken {
  var text: String
  /// From 1.
  var column: Int
}

/// Reads one field: a list of terms between commas.
///
/// What the terms mean follows Debian's cron; `L`, `W`, `#` and `?` follow Quartz.
struct CronFieldParser {
  private let field: CronField
  private let token: CronToken
  private let bytes: [UInt8]
  private var position = 0

  init(_ field: CronField, _ token: CronToken) {
    self.field = field
    self.token = token
    bytes = Array(token.text.uppercased().utf8)
  }

  /// Whether the field begins with `*` (or is `?`): unrestricted, in the sense of Debian's cron.
  var isStarred: Bool { bytes.first == UInt8(ascii: "*") || bytes.first == UInt8(ascii: "?") }

  /// Adds every term of the field to the expression's sets.
  mutating func read(into sets: inout CronSets) throws(CronError) {
    repeat { try term(&sets) } while skip(",")
    guard position == bytes.count else {
      throw wrong("'\(token.text)' has a '\(character(position))' that cannot stand there")
    }
  }

  private mutating func term(_ sets: inout CronSets) throws(CronError) {
    let start = position
    if skip("?") {
      guard field == .dayOfMonth || field == .dayOfWeek else {
        throw wrong("'?' can only stand for a day; write '*'", at: start)
      }
      return sets.insert(field.range.lowerBound, through: field.last, step: 1, into: field)
    }
    if skip("*") {
      return sets.insert(
        field.range.lowerBound, through: field.last, step: try step() ?? 1, into: field)
    }
    if skip("L") { return try lastDay(&sets, start) }
    let first = try value()
    if field == .dayOfMonth, skip("W") {
      sets.nearestWeekdays |= 1 << UInt64(first)
      return
    }
    if field == .dayOfWeek, skip("L") {
      sets.lastWeekdays |= 1 << UInt64(first % 7)
      return
    }
    if field == .dayOfWeek, skip("#") {
      let number = try self.number("a week from 1 to 5", 1...5)
      sets.numberedWeekdays[number - 1] |= 1 << UInt64(first % 7)
      return
    }
    guard skip("-") else {
      let step = try step()
      return sets.insert(
        first, through: step == nil ? first : max(first, field.last), step: step ?? 1, into: field)
    }
    var last = try value()
    // Friday to Sunday is a range that people write; Sunday is 7 as well as 0.
    if field == .dayOfWeek, last == 0, first > 0 { last = 7 }
    guard first <= last else {
      throw wrong(
        "the range \(text(from: start)) ends before it starts; write two ranges with a comma",
        at: start)
    }
    sets.insert(first, through: last, step: try step() ?? 1, into: field)
  }

  /// `L`, `L-3` and `LW` of the day of the month; `L` has been read.
  private mutating func lastDay(_ sets: inout CronSets, _ start: Int) throws(CronError) {
    guard field == .dayOfMonth else {
      throw wrong(
        field == .dayOfWeek
          ? "'L' needs its weekday before it, as in '5L' for the last Friday"
          : "'L' can only stand for a day", at: start)
    }
    if skip("W") {
      sets.hasLastWorkday = true
      return
    }
    sets.daysBeforeLast |= 1 << UInt64(skip("-") ? try number("0 to 30 days", 0...30) : 0)
  }

  private mutating func step() throws(CronError) -> Int? {
    guard skip("/") else { return nil }
    return try number("a step from 1 to 99", 1...99)
  }

  /// A number or a name of the field.
  private mutating func value() throws(CronError) -> Int {
    let start = position
    let letters = bytes[position...].prefix { (65...90).contains($0) }
    guard letters.isEmpty else {
      let name = String(decoding: letters.prefix(3), as: UTF8.self)
      guard let index = field.names.firstIndex(of: name) else {
        throw wrong("'\(text(from: start, letters.count))' is no name of a \(field.name)")
      }
      position += 3
      return index + field.range.lowerBound
    }
    let range = field.range
    return try number("\(range.lowerBound) to \(range.upperBound)", range)
  }

  private mutating func number(
    _ expected: String, _ range: ClosedRange<Int>
  ) throws(CronError) -> Int {
    let start = position
    let digits = bytes[position...].prefix { (48...57).contains($0) }
    guard !digits.isEmpty else {
      let found = position < bytes.count ? "'\(character(position))'" : "nothing"
      throw wrong("\(expected) is expected and \(found) found")
    }
    position += digits.count
    let value = digits.count > 4 ? nil : Int(String(decoding: digits, as: UTF8.self))
    guard let value, range.contains(value) else {
      throw wrong("\(text(from: start)) is not \(expected)", at: start)
    }
    return value
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func text(from start: Int, _ count: Int? = nil) -> String {
    String(decoding: bytes[start..<(count.map { start + $0 } ?? position)], as: UTF8.self)
  }

  private func character(_ position: Int) -> String {
    String(decoding: bytes[position...], as: UTF8.self).first.map(String.init) ?? ""
  }

  private func wrong(_ reason: String, at start: Int? = nil) -> CronError {
    CronError(field: field.name, column: token.column + (start ?? position), reason: reason)
  }
}
