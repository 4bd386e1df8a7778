/// RFC 3339 text of an instant, both ways.
extension Instant: CustomStringConvertible, LosslessStringConvertible {
  /// `2026-11-21T19:00:00.250000Z`; always six digits of fraction, so that text sorts as time does.
  public var description: String { formatted() + "." + padded(microsecondsOfSecond, 6) + "Z" }

  /// `2026-11-21T19:00:00`, or with other separators; UTC, cut to the second.
  public func formatted(date: String = "-", between: String = "T", time: String = ":") -> String {
    let civil = CivilTime(secondsSinceEpoch: seconds)
    return padded(civil.year, 4) + date + padded(civil.month, 2) + date + padded(civil.day, 2)
      + between + padded(civil.hour, 2) + time + padded(civil.minute, 2) + time
      + padded(civil.second, 2)
  }

  /// Reads RFC 3339 with any number of fraction digits (cut to six) and `Z` or an offset. nil also
  /// for what an offset moves out of the years 0000 to 9999, because it could not be written again.
  public init?(_ text: String) {
    var scanner = DigitScanner(text.utf8[...])
    guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2),
      scanner.skip("-"), let day = scanner.number(2),
      scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
      let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2),
      scanner.skip(":"), let second = scanner.number(2),
      (1...12).contains(month), day >= 1,
      day <= CivilTime.daysInMonth(year: year, month: month), hour < 24, minute < 60, second < 61
    else { return nil }
    var fraction: Int64 = 0
    if scanner.skip(".") {
      guard let micros = scanner.fraction() else { return nil }
      fraction = micros
    }
    guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
    let civil = CivilTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    let seconds = civil.secondsSinceEpoch - Int64(offset)
    guard Instant.writableSeconds.contains(seconds) else { return nil }
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  /// From 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z: all that four digits of year can say.
  private static let writableSeconds: ClosedRange<Int64> = -62_167_219_200...253_402_300_799
}

extension Instant: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let instant = Instant(text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(text) is not a time such as 2026-11-21T19:00:00Z")
    }
    self = instant
  }

  public func encode(to encoder: any Encoder) throws {
    // Refused here rather than by every reader.
    guard Instant.writableSeconds.contains(seconds) else {
      throw EncodingError.invalidValue(
        self,
        EncodingError.Context(
          codingPath: encoder.codingPath,
          debugDescription: "the time \(microseconds) µs is outside the years 0000 to 9999"))
    }
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A number with leading zeros to the given width.
public func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return digits.utf8.count >= width
    ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
}

private struct DigitScanner {
  var rest: Substring.UTF8View

  init(_ text: Substring.UTF8View) { rest = text }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func number(_ digits: Int) -> Int? {
    guard rest.count >= digits else { return nil }
    var value = 0
    for byte in rest.prefix(digits) {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    rest.removeFirst(digits)
    return value
  }

  mutating func fraction() -> Int64? {
    var micros: Int64 = 0
    var scale: Int64 = 100_000
    var count = 0
    while let byte = rest.first, (48...57).contains(byte) {
      micros += Int64(byte - 48) * scale
      scale /= 10
      count += 1
      rest.removeFirst()
    }
    return count > 0 ? micros : nil
  }

  /// Seconds east of Greenwich.
  mutating func offset() -> Int? {
    if skip("Z") || skip("z") { return 0 }
    let sign = skip("+") ? 1 : skip("-") ? -1 : 0
    guard sign != 0, let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
      minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}
