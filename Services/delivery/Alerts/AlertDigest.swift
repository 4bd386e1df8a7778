internal import Base
internal import Messages

/// Writes what one mail says: one alert in full, or a digest of many, the worst first.
struct AlertDigest: Sendable {
  /// Said in full; of those beyond it the subject; beyond these their number.
  static let mostInFull = 40
  static let mostLines = 1000

  /// As they are when the mail is made, each with its notice in `inMail`.
  let alerts: [AlertStanding]

  var subject: String {
    let sorted = AlertDigest.sorted(alerts)
    guard let first = sorted.first else { return "Airloom" }
    let title = "Airloom: \(AlertDigest.title(first))"
    return sorted.count == 1 ? title : "\(title) (and \(sorted.count - 1) more)"
  }

  var body: String {
    let sorted = AlertDigest.sorted(alerts)
    var parts = sorted.prefix(Self.mostInFull).map(AlertDigest.paragraph)
    let rest = sorted.dropFirst(Self.mostInFull)
    if !rest.isEmpty {
      let lines = rest.prefix(Self.mostLines).map {
        "- \($0.raisedAt.minute)  \(AlertDigest.title($0))"
      }
      parts.append("In short:\n" + lines.joined(separator: "\n"))
    }
    if rest.count > Self.mostLines {
      parts.append("And \(rest.count - Self.mostLines) more: see the page.")
    }
    parts.append("All alerts are on Airloom's page. Times are UTC.")
    return parts.joined(separator: "\n\n")
  }

  /// What is bad and lasts comes first, what is over last; the older before the newer.
  private static func sorted(_ alerts: [AlertStanding]) -> [AlertStanding] {
    func rank(_ alert: AlertStanding) -> Int {
      alert.inMail == .ended ? 2 : alert.severity == .critical ? 0 : 1
    }
    return alerts.sorted {
      (rank($0), $0.raisedAt, $0.id.text) < (rank($1), $1.raisedAt, $1.id.text)
    }
  }

  private static func title(_ alert: AlertStanding) -> String {
    alert.inMail == .ended ? "Over: \(alert.subject)" : alert.subject
  }

  private static func paragraph(_ alert: AlertStanding) -> String {
    var lines = ["\(title(alert))", alert.text]
    if let ended = alert.endedAt, ended > alert.raisedAt {
      lines.append(
        "Began \(alert.raisedAt.minute), ended \(ended.minute). \(alert.endText ?? "")")
    } else {
      lines.append(
        "\(alert.endedAt == nil ? "Since" : "At") \(alert.raisedAt.minute), said by \(alert.node).")
    }
    return lines.filter { !$0.isEmpty }.joined(separator: "\n")
  }
}

extension Instant {
  /// `2026-11-21 19:00`
  fileprivate var minute: String { String(formatted(between: " ").dropLast(3)) }
}
