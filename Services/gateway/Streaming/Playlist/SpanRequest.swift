import Base
import HTTPServer

/// The span of a tape that an address names: when it begins and how long it lasts.
struct SpanRequest: Equatable {
  static let longest = Duration.seconds(7 * 86_400)

  var from: Instant
  var to: Instant

  init(from: Instant, to: Instant) {
    self.from = from
    self.to = to
  }

  /// `start`: Unix seconds, milliseconds (13 digits) or `YYYYMMDDTHHMMSSZ`; `duration`: seconds, or
  /// `now` for what goes on to the present and beyond.
  init(start: String, duration: String, now: Instant) throws(Problem) {
    guard let from = SpanRequest.instant(start) else {
      throw Problem(
        422, "invalid",
        "'\(start)' is no time: give Unix seconds, or a time such as 20261121T190000Z.",
        field: "timestamp")
    }
    self.from = from
    if duration == "now" {
      to = max(from, now) + .seconds(86_400)
      if to - from > SpanRequest.longest { to = from + SpanRequest.longest }
      return
    }
    guard let seconds = SpanRequest.number(duration), seconds >= 0 else {
      throw Problem(
        422, "invalid", "'\(duration)' is no length: give whole seconds.", field: "duration")
    }
    guard Duration.seconds(seconds) <= SpanRequest.longest else {
      throw Problem(
        422, "invalid", "At most seven days (604800 seconds) can be played at once.",
        field: "duration")
    }
    to = from + .seconds(seconds)
  }

  private static func instant(_ text: String) -> Instant? {
    if let number = number(text) {
      return text.utf8.count >= 13
        ? Instant(microseconds: number * 1000) : Instant(seconds: number)
    }
    guard text.utf8.count == 16, text.utf8.allSatisfy({ $0 < 128 }) else { return nil }
    let digits = Array(text)
    let spread =
      "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<11])):"
      + "\(String(digits[11..<13])):\(String(digits[13...]))"
    return Instant(spread)
  }

  private static func number(_ text: String) -> Int64? {
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), text.utf8.count <= 13 else {
      return nil
    }
    return Int64(text)
  }
}
