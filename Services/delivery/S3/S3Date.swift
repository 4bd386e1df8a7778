internal import Base

/// The time of a request as a signature has it: UTC, to the second.
struct S3Date: Hashable, Sendable {
  /// `20130524T000000Z`, the value of `x-amz-date`.
  let stamp: String
  /// `20130524`
  var day: String { String(stamp.prefix(8)) }

  init(_ instant: Instant) { stamp = instant.formatted(date: "", time: "") + "Z" }
}

/// Reading the time that a server gives.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, the form that servers must send).
  static func instant(_ text: String) -> Instant? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int(words[1]),
      let month = months.firstIndex(of: String(words[2])), words[3].utf8.count == 4
    else { return nil }
    return Instant("\(words[3])-\(padded(month + 1, 2))-\(padded(day, 2))T\(words[4])Z")
  }
}
