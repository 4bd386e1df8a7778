internal import Base
internal import Messages

/// Which spans of its tapes a recorder must keep: what people have locked, and the windows whose file
/// may have to be made (again). A value.
///
/// Spans that meet are told as one, so that a year of hourly files costs no more than one.
enum LockPlan {
  /// What nobody could deliver for so long is kept no longer on that account.
  static let longest = Duration.seconds(14 * 86_400)
  /// The most that one set holds; the newest count.
  static let most = 2000

  static func locks(
    people: [TapeLock], undelivered: [StreamWindow], unfinished: [StreamWindow]
  ) -> [TapeLock]? {
    let locks =
      people + merged(unfinished, reason: "Its recording is not finished.")
      + merged(undelivered, reason: "Its file is not delivered yet.")
    guard !locks.isEmpty else { return nil }
    let newest = locks.count <= most ? locks : Array(locks.sorted { $0.end > $1.end }.prefix(most))
    return newest.sorted { ($0.stream, $0.start, $0.end) < ($1.stream, $1.start, $1.end) }
  }

  private static func merged(_ windows: [StreamWindow], reason: String) -> [TapeLock] {
    var locks: [TapeLock] = []
    for window in windows.sorted(by: { ($0.stream, $0.start) < ($1.stream, $1.start) }) {
      if let last = locks.last, last.stream == window.stream, window.start <= last.end {
        locks[locks.count - 1].end = max(last.end, window.end)
      } else {
        locks.append(
          TapeLock(
            stream: window.stream, start: window.start, end: window.end, reason: reason))
      }
    }
    return locks
  }
}
