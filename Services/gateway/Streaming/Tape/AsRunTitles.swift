import Base

/// One as-run log of what several recorders heard of the same stream. A value.
struct AsRunTitles: Hashable, Sendable {
  struct Entry: Encodable, Hashable, Sendable {
    var at: Instant
    /// nil: it may last still.
    var until: Instant?
    var title: String
  }

  /// As a recorder tells it (docs/api/tape.md).
  struct Title: Decodable, Hashable, Sendable {
    var atUs: Int64
    /// Empty: nothing was announced any more.
    var title: String

    private enum CodingKeys: String, CodingKey {
      case title
      case atUs = "at_us"
    }
  }

  /// An interruption of a title that is none.
  static let pause = Duration.seconds(2)

  private(set) var entries: [Entry] = []

  init(_ answers: [[Title]], from: Instant, to: Instant) {
    let heard = answers.map { AsRunTitles.entries($0, from: from, to: to) }
    // Of several the one that heard most leads; the others fill in what it did not hear.
    let order = heard.indices.sorted { (heard[$1].count, $0) < (heard[$0].count, $1) }
    var merged: [Entry] = []
    for index in order {
      let known = merged
      merged += heard[index].filter { !AsRunTitles.isCovered($0, by: known, to) }
    }
    entries = merged.sorted { $0.at < $1.at }
  }

  /// Whether more than half of its time is told of already.
  private static func isCovered(_ entry: Entry, by known: [Entry], _ to: Instant) -> Bool {
    let end = entry.until ?? to
    let told = known.reduce(Duration.zero) { sum, other in
      sum + max(.zero, min(other.until ?? to, end) - max(other.at, entry.at))
    }
    return told + told > end - entry.at
  }

  private static func entries(_ titles: [Title], from: Instant, to: Instant) -> [Entry] {
    var entries: [Entry] = []
    for (index, title) in titles.enumerated() where !title.title.isEmpty {
      let next = index + 1 < titles.count ? Instant(microseconds: titles[index + 1].atUs) : nil
      let at = max(Instant(microseconds: title.atUs), from)
      guard at < to, next.map({ $0 > at }) ?? true else { continue }
      if let last = entries.last, last.title == title.title, let end = last.until,
        at - end < pause
      {
        entries[entries.count - 1].until = next
        continue
      }
      entries.append(Entry(at: at, until: next, title: title.title))
    }
    return entries
  }

  /// RFC 4180, with a head.
  static func table(_ entries: [Entry]) -> String {
    "at,until,title\r\n"
      + entries.map { entry in
        // A spreadsheet takes what begins like a formula for one; the title is a stranger's.
        let isFormula = entry.title.first.map { "=+-@\t".contains($0) } ?? false
        let title = (isFormula ? "'" : "") + entry.title
        let quoted = title.map { $0 == "\"" ? "\"\"" : "\($0)" }.joined()
        return "\(entry.at),\(entry.until.map { "\($0)" } ?? ""),\"\(quoted)\"\r\n"
      }.joined()
  }
}
