internal import Base
internal import Messages

/// Fills in what a show's tags say of each of its recordings: `{date} {show}` becomes
/// `2026-11-21 Morning Show`. A value.
///
/// | variable | is |
/// | --- | --- |
/// | `{date}`, `{time}` | of the start in the schedule's zone, `2026-11-21` and `20-00` |
/// | `{year}`, `{month}`, `{day}` | parts of the date |
/// | `{track}` | days since 2020-01-01, as in the track tag |
/// | `{show}` | the schedule's name |
/// | `{station}`, `{stream}` | the stream's name and id |
///
/// What is no variable stays as it is written.
struct TagTemplate {
  static let standardTitle = "{date} {show}"

  private let values: [Substring: String]

  /// `local`: the start on the clocks of the schedule's zone. `station`: nil where the stream's name
  /// is not known; then its id stands for it.
  init(show: String, at local: CivilTime, station: String?, stream: StreamID) {
    let (year, month, day) = (padded(local.year, 4), padded(local.month, 2), padded(local.day, 2))
    let first = CivilTime(year: 2020, month: 1, day: 1)
    values = [
      "date": "\(year)-\(month)-\(day)",
      "time": "\(padded(local.hour, 2))-\(padded(local.minute, 2))",
      "year": year, "month": month, "day": day,
      "track": "\(max(0, local.daysSinceEpoch - first.daysSinceEpoch))", "show": show,
      "station": station ?? stream.text, "stream": stream.text,
    ]
  }

  func filled(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}"),
        let value = values[rest[rest.index(after: open)..<close]]
      else {
        result += "{"
        rest = rest.dropFirst()
        continue
      }
      // A value is not looked through again: a show may be called anything.
      result += value
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  /// All tags filled in; without a title the standard one.
  func filled(_ tags: RecordingTags) -> RecordingTags {
    func text(_ text: String?) -> String? { text.map { filled($0) } }
    let title = tags.title.flatMap { $0.isEmpty ? nil : $0 } ?? TagTemplate.standardTitle
    return RecordingTags(
      title: filled(title), artist: text(tags.artist), album: text(tags.album),
      albumArtist: text(tags.albumArtist), genre: text(tags.genre), comment: text(tags.comment))
  }
}
