internal import Base

/// Time cut into pieces that begin where the clocks of a zone show a multiple of a length: 3600 cuts
/// at every full hour, 86,400 at midnight. Multiples count from 1970-01-01 00:00 on those clocks.
///
/// The pieces follow each other without a gap, also where the clocks are changed:
/// - A cut that is skipped is made at the first instant after it, so that a day has 23 hours.
/// - What the clock shows twice is cut twice where the repeated span is at least a piece, so that a
///   day has 25 hours; shorter than a piece, it lengthens the piece that it falls into, so that there
///   is one file for the day whose midnight comes twice.
struct ClockGrid: Hashable, Sendable {
  /// Length of a piece on the clock.
  let seconds: Int64
  let zone: TimeZoneRules

  init(seconds: Int64, in zone: TimeZoneRules) {
    precondition(seconds > 0, "a piece has a length")
    self.seconds = seconds
    self.zone = zone
  }

  /// The first cut that is later.
  func next(after instant: Instant) -> Instant {
    let earliest = instant.seconds + 1
    var period = zone.period(at: earliest)
    while true {
      if let found = first(in: period, from: earliest) { return Instant(seconds: found) }
      // A period without end has a cut, so this one ends.
      period = zone.period(at: period.end)
    }
  }

  /// The beginning of the piece that an instant lies in.
  func start(at instant: Instant) -> Instant {
    // What lengthens a piece is shorter than one.
    var start = next(after: instant - .seconds(2 * seconds))
    while case let next = next(after: start), next <= instant { start = next }
    return start
  }

  private func first(in period: TimeZoneRules.Period, from earliest: Int64) -> Int64? {
    let offset = Int64(period.offset)
    var local = max(earliest, period.start) + offset
    if period.start != .min {
      let shown = zone.period(at: period.start - 1).localEnd
      let repeated = shown - period.localStart
      if repeated < 0, earliest <= period.start, multiple(from: shown) < period.localStart {
        return period.start
      }
      if repeated > 0, repeated < seconds { local = max(local, shown) }
    }
    let found = multiple(from: local) - offset
    return found < period.end ? found : nil
  }

  /// The first multiple at or after a time on the clock.
  private func multiple(from local: Int64) -> Int64 {
    let rest = local % seconds
    return rest == 0 ? local : local - rest + (rest < 0 ? 0 : seconds)
  }
}
