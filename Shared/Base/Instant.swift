/// A point of wall time in UTC, to the microsecond: what schedules, tapes and rows are labelled with.
///
/// Wall time may be stepped by an administrator, so nothing may measure an interval with it; for
/// that there is `Monotonic`. On the wire and in JSON an instant is RFC 3339 text
/// (`2026-11-21T19:00:00.250000Z`), in SQLite an integer in a column named `…_us`.
public struct Instant: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
  public var microseconds: Int64

  public init(microseconds: Int64) { self.microseconds = microseconds }

  public init(seconds: Int64) { microseconds = seconds * 1_000_000 }

  public static let epoch = Instant(microseconds: 0)
  public static let distantFuture = Instant(microseconds: .max)

  /// Whole seconds since the epoch, rounded towards the past.
  public var seconds: Int64 {
    let quotient = microseconds / 1_000_000
    return microseconds % 1_000_000 < 0 ? quotient - 1 : quotient
  }

  /// Microseconds past `seconds`, 0 ..< 1,000,000.
  public var microsecondsOfSecond: Int { Int(microseconds - seconds * 1_000_000) }

  public static func < (left: Instant, right: Instant) -> Bool {
    left.microseconds < right.microseconds
  }

  public static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(microseconds: instant.microseconds + duration.microseconds)
  }

  public static func - (instant: Instant, duration: Duration) -> Instant {
    Instant(microseconds: instant.microseconds - duration.microseconds)
  }

  public static func - (left: Instant, right: Instant) -> Duration {
    .microseconds(left.microseconds - right.microseconds)
  }

  public static func += (instant: inout Instant, duration: Duration) {
    instant = instant + duration
  }
}

/// A point on the clock that never steps (CLOCK_MONOTONIC), to the nanosecond; it has no meaning
/// outside this boot of this machine.
public struct Monotonic: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func < (left: Monotonic, right: Monotonic) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  public static func + (point: Monotonic, duration: Duration) -> Monotonic {
    Monotonic(nanoseconds: point.nanoseconds + duration.nanoseconds)
  }

  public static func - (point: Monotonic, duration: Duration) -> Monotonic {
    Monotonic(nanoseconds: point.nanoseconds - duration.nanoseconds)
  }

  public static func - (left: Monotonic, right: Monotonic) -> Duration {
    .nanoseconds(left.nanoseconds - right.nanoseconds)
  }
}

extension Duration {
  /// Whole microseconds, rounded towards zero.
  public var microseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }

  /// Whole nanoseconds, rounded towards zero.
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// Seconds as a fraction, for display and for rates.
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
