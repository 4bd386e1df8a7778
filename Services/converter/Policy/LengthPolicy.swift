internal import Base

/// Whether what was made is as long as what it was made of. A value.
///
/// Sound and picture of a broadcast begin and end up to a second apart, and encoders add their
/// priming; more than that is a piece that is missing. The tolerance is 1 s and 0.2 % of the length.
enum LengthPolicy {
  static func tolerance(_ expected: Duration) -> Duration {
    .seconds(1) + .microseconds(expected.microseconds / 500)
  }

  /// One sentence with both lengths; nil where they agree.
  static func objection(made: Duration, expected: Duration) -> String? {
    let difference = made - expected
    let limit = tolerance(expected)
    guard difference + limit < .zero || difference > limit else { return nil }
    let word = difference < .zero ? "shorter" : "longer"
    return "What was made is \(word) than the drop: \(text(made)) instead of \(text(expected))."
  }

  /// `1:02:03.4`
  static func text(_ duration: Duration) -> String {
    let tenths = max(0, duration.microseconds + 50_000) / 100_000
    let seconds = tenths / 10
    let minutes = seconds / 60
    let tail = "\(pad(seconds % 60)).\(tenths % 10)"
    return minutes < 60
      ? "\(minutes):\(tail)" : "\(minutes / 60):\(pad(minutes % 60)):\(tail)"
  }

  private static func pad(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
