internal import Base

/// A set of measured times and what is said of it.
struct Distribution: Sendable {
  private let sorted: [Duration]

  init(_ times: [Duration]) {
    precondition(!times.isEmpty, "nothing was measured")
    sorted = times.sorted()
  }

  var count: Int { sorted.count }
  var p50: Duration { percentile(50) }
  var p99: Duration { percentile(99) }
  var longest: Duration { sorted[sorted.count - 1] }

  /// The least time that so many of a hundred do not exceed (nearest rank).
  func percentile(_ percent: Int) -> Duration {
    sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }
}

/// Figures as the tables show them.
enum Figure {
  /// Microseconds below 10 ms, milliseconds above; three digits or so are all that a shared
  /// machine can tell.
  static func time(_ duration: Duration) -> String {
    let microseconds = Double(duration.nanoseconds) / 1000
    return abs(microseconds) < 10_000
      ? "\(Int(microseconds.rounded())) µs" : "\(fixed(microseconds / 1000, 1)) ms"
  }

  static func rate(_ perSecond: Double) -> String {
    grouped(Int(perSecond.rounded())) + "/s"
  }

  /// Ours to the peer's: `3.2×`.
  static func ratio(_ ours: Double, to peer: Double) -> String {
    guard peer != 0 else { return "–" }
    let ratio = ours / peer
    return fixed(ratio, ratio < 0.1 ? 4 : ratio < 10 ? 2 : 0) + "×"
  }

  static func ratio(_ ours: Duration, to peer: Duration) -> String {
    ratio(ours.inSeconds, to: peer.inSeconds)
  }

  static func megabytes(_ kibibytes: Int) -> String { fixed(Double(kibibytes) / 1024, 1) + " MiB" }

  static func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(value) * scale).rounded())
    let whole = "\(scaled / Int(scale))"
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return sign + whole }
    let rest = "\(scaled % Int(scale))"
    return sign + whole + "." + String(repeating: "0", count: digits - rest.count) + rest
  }

  private static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in "\(number)".reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
