/// Reads what FFmpeg writes with `-progress`: lines of key=value, a report being all of them up to
/// `progress=continue` or `progress=end`. A value.
struct ProgressParser: Sendable {
  struct Report: Hashable, Sendable {
    /// Of the output, in microseconds; nil before the first packet.
    var doneUs: Int64?
    /// Media time by wall time.
    var speed: Double?
    var isEnd = false
  }

  private var report = Report()

  /// A whole report when the line ends one; lines that are none are passed over.
  mutating func take(_ line: String) -> Report? {
    guard let equals = line.firstIndex(of: "=") else { return nil }
    let value = line[line.index(after: equals)...].drop(while: \.isWhitespace)
    switch line[..<equals] {
    case "out_time_us": report.doneUs = Int64(value).flatMap { $0 >= 0 ? $0 : nil }
    case "speed":
      report.speed = Double(value.prefix { $0 != "x" }).flatMap { $0.isFinite ? $0 : nil }
    case "progress":
      report.isEnd = value == "end"
      defer { report = Report() }
      return report
    default: break
    }
    return nil
  }
}
