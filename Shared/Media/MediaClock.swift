public import Base

/// The 33 bits of 90 kHz in which MPEG transport streams tell time. Times of the tape are counted
/// from the Unix epoch, so that every segment's place is known without any other segment.
public enum MediaClock {
  public static let rate = 90_000
  /// The clock begins anew after 26.5 hours.
  public static let mask: Int64 = (1 << 33) - 1

  /// The tick of a sample, `samples` after the instant; rounded to the nearest.
  public static func ticks(at start: Instant, samples: Int64, rate sampleRate: Int) -> Int64 {
    // Both parts in micro-ticks, so that rounding happens once.
    let whole = start.microseconds / 1_000_000 * Int64(rate)
    let fraction = start.microseconds % 1_000_000 * 9 * 10
    let perSecond = Int64(sampleRate)
    let seconds = samples / perSecond * Int64(rate)
    let rest = samples % perSecond * Int64(rate) * 1000 / perSecond
    return (whole + seconds + (fraction + rest + 500) / 1000) & mask
  }
}
