internal import Base

/// When something recurs, as cron writes it: five fields (minute, hour, day of the month, month, day
/// of the week) or six with seconds first, or a short form such as `@daily`.
///
/// A value; it knows no zone. `CronSearch` finds its instants in one.
struct CronExpression: Hashable, Sendable, CustomStringConvertible {
  /// As it was typed, blanks put right.
  let text: String
  let sets: CronSets
  /// Whether the minute or the hour begins with `*`: such a schedule goes by elapsed time when the
  /// clocks are changed, the others by the clock's face (Debian's cron, "special considerations").
  let isWildcard: Bool

  init(_ text: String) throws(CronError) {
    let tokens = try Self.tokens(of: text)
    self.text = tokens.map(\.text).joined(separator: " ")
    let fields = try Self.fields(of: Self.expanded(tokens))
    var sets = CronSets()
    var starred: Set<CronField> = []
    for (field, token) in zip(CronField.allCases, fields) {
      var parser = CronFieldParser(field, token)
      if parser.isStarred { starred.insert(field) }
      try parser.read(into: &sets)
    }
    sets.mustMatchBothDays = starred.contains(.dayOfMonth) || starred.contains(.dayOfWeek)
    self.sets = sets
    isWildcard = starred.contains(.minute) || starred.contains(.hour)
  }

  var description: String { text }

  static func == (left: CronExpression, right: CronExpression) -> Bool { left.text == right.text }

  func hash(into hasher: inout Hasher) { hasher.combine(text) }

  private static func tokens(of text: String) throws(CronError) -> [CronToken] {
    guard text.utf8.count <= 500 else {
      throw CronError(field: nil, column: 501, reason: "it is longer than 500 characters")
    }
    var tokens: [CronToken] = []
    var current = CronToken(text: "", column: 1)
    for (index, character) in text.enumerated() {
      if character == " " || character == "\t" {
        if !current.text.isEmpty { tokens.append(current) }
        current = CronToken(text: "", column: index + 2)
      } else {
        guard character.isASCII, !character.isNewline else {
          throw CronError(
            field: nil, column: index + 1, reason: "it holds a character that cron does not know")
        }
        current.text.append(character)
      }
    }
    if !current.text.isEmpty { tokens.append(current) }
    return tokens
  }

  /// The short forms of crontab(5), except `@reboot`, which is no time.
  private static func expanded(_ tokens: [CronToken]) throws(CronError) -> [CronToken] {
    guard let first = tokens.first, first.text.hasPrefix("@") else { return tokens }
    let long: String? =
      switch first.text.lowercased() {
      case "@hourly": "0 * * * *"
      case "@daily", "@midnight": "0 0 * * *"
      case "@weekly": "0 0 * * 0"
      case "@monthly": "0 0 1 * *"
      case "@yearly", "@annually": "0 0 1 1 *"
      default: nil
      }
    guard let long, tokens.count == 1 else {
      throw CronError(
        field: nil, column: first.column,
        reason: "a short form is one of @hourly, @daily, @midnight, @weekly, @monthly and @yearly, "
          + "alone")
    }
    return try self.tokens(of: long)
  }

  private static func fields(of tokens: [CronToken]) throws(CronError) -> [CronToken] {
    switch tokens.count {
    case 6: return tokens
    case 5: return [CronToken(text: "0", column: 1)] + tokens
    default:
      throw CronError(
        field: nil, column: tokens.count > 6 ? tokens[6].column : 1,
        reason:
          "it has \(tokens.count) fields where 5 are needed (minute, hour, day-of-month, month, "
          + "day-of-week) or 6 (second first)")
    }
  }
}
