import Base
import Messages

/// How well a stream is captured, from 0 (nothing comes) to 100 (all is well), with one sentence for
/// each thing that lowers it. A value; the formula is in docs/health.md.
///
/// Points are taken away for what is wrong *now* and for what went wrong *lately*; what is wrong now
/// weighs more, and what nobody can hear weighs little.
struct HealthScore: Sendable {
  /// What was wanted of a span of time, and what is missing of it.
  struct Account: Hashable, Sendable {
    var wanted = Duration.zero
    var missing = Duration.zero

    /// The missing share; 0 where nothing was wanted.
    var share: Double { wanted > .zero ? min(1, missing / wanted) : 0 }
  }

  /// How a capture is now, and how it was.
  struct Vitals: Hashable, Sendable {
    /// For how long nothing has come; nil while something does.
    var outage: Duration?
    var outageSentence: String?
    var finding: StallLadder.Finding?
    /// No better connection was found.
    var isTold = false
    /// Counted from 0.
    var address = 0
    var diskFault: String?
    /// Audio that waits in memory.
    var held = Duration.zero
    /// The longest that the disk took lately.
    var writeLatency = Duration.zero
    var lastHour = Account()
    var lastDay = Account()
    /// In the last hour.
    var outages = 0
    var stalls = 0
    var uncertainSplices = 0
    /// Given up for want of disk or memory in the last hour.
    var givenUp = Duration.zero
  }

  static func score(_ vitals: Vitals) -> StreamHealth {
    var lost: [(points: Double, sentence: String)] = []
    if let outage = vitals.outage, outage >= .seconds(1) {
      let points = 60 + 40 * min(1, outage.inSeconds / 60)
      let why = vitals.outageSentence.map { ": \($0)" } ?? "."
      lost.append((points, "Nothing has come for \(span(outage))\(why)"))
    }
    if let fault = vitals.diskFault { lost.append((50, fault)) }
    if let finding = vitals.finding {
      let more = vitals.isTold ? " No better connection was found." : ""
      lost.append((points(finding, isTold: vitals.isTold), finding.sentence + more))
    }
    lost += past(vitals)
    if vitals.address > 0 {
      lost.append((10, "Address \(vitals.address + 1) is captured in place of the first."))
    }
    if vitals.writeLatency >= .seconds(1) {
      lost.append(
        (
          min(15, 5 * vitals.writeLatency.inSeconds),
          "The disk takes up to \(span(vitals.writeLatency)) for a write."
        ))
    }
    if vitals.diskFault == nil, vitals.held >= .seconds(20) {
      lost.append((10, "\(span(vitals.held)) of sound wait in memory for the disk."))
    }
    let sum = lost.reduce(0) { $0 + $1.points }
    return StreamHealth(
      score: max(0, Int((100 - sum).rounded())),
      reasons: lost.filter { $0.points >= 0.5 }.sorted { $0.points > $1.points }.map(\.sentence))
  }

  /// More once every address was tried: 50 in all is what people are alerted of.
  private static func points(_ finding: StallLadder.Finding, isTold: Bool) -> Double {
    switch finding.kind {
    case .noFrames: 60
    case .slow, .looping: 50
    case .changed: isTold ? 50 : 30
    // A programme may be silent, but not for so long.
    case .silent(let lasting): isTold && lasting >= .seconds(600) ? 50 : 15
    case .slowClock: 15
    }
  }

  private static func past(_ vitals: Vitals) -> [(points: Double, sentence: String)] {
    var lost: [(Double, String)] = []
    let hour = vitals.lastHour
    if hour.share > 0 {
      lost.append(
        (40 * min(1, hour.share / 0.05), "\(span(hour.missing)) are missing in the last hour."))
    }
    let day = vitals.lastDay
    if day.share > 0, day.missing > hour.missing {
      lost.append(
        (20 * min(1, day.share / 0.02), "\(span(day.missing)) are missing in the last day."))
    }
    if vitals.outages > 0 {
      lost.append(
        (
          min(15, 2 * Double(vitals.outages)),
          "\(times(vitals.outages)) in the last hour nothing came."
        ))
    }
    if vitals.stalls > 0 {
      lost.append(
        (
          min(10, Double(vitals.stalls)),
          "\(times(vitals.stalls)) in the last hour the source fell silent."
        ))
    }
    if vitals.uncertainSplices > 0 {
      lost.append(
        (
          min(10, 2 * Double(vitals.uncertainSplices)),
          "\(times(vitals.uncertainSplices)) in the last hour the sound was joined by time alone."
        ))
    }
    if vitals.givenUp > .zero {
      lost.append(
        (
          20,
          "\(span(vitals.givenUp)) of captured sound were given up in the last hour for want of room."
        ))
    }
    return lost
  }

  private static func times(_ count: Int) -> String { count == 1 ? "Once" : "\(count) times" }

  /// `0.3 s`, `12 s`, `5 min`, `3.2 h`
  static func span(_ duration: Duration) -> String {
    let seconds = duration.inSeconds
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    if seconds < 120 { return "\(Int(seconds.rounded())) s" }
    if seconds < 7200 { return "\(Int((seconds / 60).rounded())) min" }
    return "\((seconds / 360).rounded() / 10) h"
  }
}
