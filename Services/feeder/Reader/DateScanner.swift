/// One part of a date's text.
enum DateToken: Hashable {
  case number(DateNumber)
  case time(hour: Int, minute: Int, second: Int, microseconds: Int)
  /// Minutes east of Greenwich.
  case offset(Int)
  case word(String)
  case koreanDate
}

/// Cuts a date's text, in lower case, into its parts.
struct DateScanner {
  private var rest: Substring

  init(_ text: Substring) { rest = text }

  /// `hasTime`: whether the time of day has been seen, behind which a sign begins a zone.
  mutating func next(after hasTime: Bool) -> DateToken? {
    while let character = rest.first {
      if character.isASCII, character.isNumber { return numberOrTime() }
      if hasTime, character == "+" || character == "-" || character == "\u{2212}",
        let token = offset()
      {
        return token
      }
      if character.isLetter { return word() }
      rest.removeFirst()
    }
    return nil
  }

  private mutating func numberOrTime() -> DateToken {
    let digits = takeDigits()
    if rest.first == ":", digits.count <= 2, rest.dropFirst().first?.isNumber == true {
      return time(hour: Int(digits) ?? 99)
    }
    if let mark = rest.first, "년월일年月日".contains(mark) {
      rest.removeFirst()
      // Handed on as a number; the mark itself says whose time it is.
      if mark == "년" { rest = "년" + rest }
      return .number(DateNumber(value: Int(digits) ?? -1, digits: digits.count))
    }
    for suffix in ["st", "nd", "rd", "th"] where rest.hasPrefix(suffix) {
      rest = rest.dropFirst(2)
    }
    return .number(
      DateNumber(value: Int(digits) ?? -1, digits: digits.count, separator: rest.first))
  }

  private mutating func time(hour: Int) -> DateToken {
    rest.removeFirst()
    let minute = Int(takeDigits()) ?? 99
    var second = 0
    var microseconds = 0
    if rest.first == ":", rest.dropFirst().first?.isNumber == true {
      rest.removeFirst()
      second = Int(takeDigits()) ?? 0
    }
    if rest.first == ".", rest.dropFirst().first?.isNumber == true {
      rest.removeFirst()
      let fraction = takeDigits().prefix(6)
      microseconds = Int(fraction + String(repeating: "0", count: 6 - fraction.count)) ?? 0
    }
    return .time(hour: hour, minute: minute, second: second, microseconds: microseconds)
  }

  /// `+02:00`, `+0200`, `+02`.
  private mutating func offset() -> DateToken? {
    let sign = rest.first == "+" ? 1 : -1
    var after = DateScanner(rest.dropFirst())
    let digits = after.takeDigits()
    var minutes: Int
    switch digits.count {
    case 1, 2:
      minutes = (Int(digits) ?? 0) * 60
      if after.rest.first == ":" {
        after.rest.removeFirst()
        minutes += Int(after.takeDigits()) ?? 0
      }
    case 3, 4: minutes = (Int(digits.dropLast(2)) ?? 0) * 60 + (Int(digits.suffix(2)) ?? 0)
    default: return nil
    }
    guard minutes <= 18 * 60 else { return nil }
    rest = after.rest
    return .offset(sign * minutes)
  }

  private mutating func word() -> DateToken {
    var word = ""
    while let character = rest.first,
      character.isLetter || (!word.isEmpty && (character == "/" || character == "_"))
    {
      word.append(character)
      rest.removeFirst()
    }
    if word == "년" { return .koreanDate }
    // "a.m." and "p.m."
    if word == "a" || word == "p", rest.hasPrefix(".m") {
      rest = rest.dropFirst(2)
      word += "m"
    }
    return .word(word)
  }

  private mutating func takeDigits() -> Substring {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    return digits
  }
}
