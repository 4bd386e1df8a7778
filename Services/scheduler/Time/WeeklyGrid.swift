internal import Base

/// Times of the week on the clocks of a zone. Each time is a fixed time in the sense of Debian's
/// cron, and is found as one: skipped, it starts at the first instant after; shown twice, it starts
/// the first time only, or both. What falls together starts once.
struct WeeklyGrid: Sendable {
  /// One for each time of day; it holds the days.
  let searches: [CronSearch]

  /// - Parameter slots: days as in ISO 8601 (1 is Monday), times as `HH:MM` or `HH:MM:SS`.
  init(
    _ slots: [(day: Int, time: String)], in zone: TimeZoneRules,
    doubledHour: CronSearch.DoubledHour
  ) throws(GridError) {
    guard !slots.isEmpty else { throw GridError("Choose at least one time of the week.") }
    guard slots.count <= Self.mostSlots else {
      throw GridError("A week takes at most \(Self.mostSlots) times; use a cron expression.")
    }
    var days: [TimeOfDay: Set<Int>] = [:]
    for (day, text) in slots {
      guard (1...7).contains(day) else {
        throw GridError("A day of the week lies between 1 (Monday) and 7 (Sunday), not \(day).")
      }
      guard let time = TimeOfDay(text) else {
        throw GridError("'\(text.prefix(20))' is not a time of day: write it as 20:00 or 20:00:30.")
      }
      days[time, default: []].insert(day)
    }
    var searches: [CronSearch] = []
    for (time, days) in days.sorted(by: { $0.key < $1.key }) {
      let list = days.sorted().map(String.init).joined(separator: ",")
      do throws(CronError) {
        let text = "\(time.second) \(time.minute) \(time.hour) * * \(list)"
        searches.append(
          CronSearch(try CronExpression(text), in: zone, doubledHour: doubledHour))
      } catch {
        throw GridError(error.description)
      }
    }
    self.searches = searches
  }

  /// A time for each five minutes of a week is not a grid any more.
  static let mostSlots = 500

  func next(after instant: Instant) -> Instant? {
    searches.compactMap { $0.next(after: instant) }.min()
  }
}

/// What is wrong with a grid, in one sentence.
struct GridError: Error, Hashable {
  let text: String
  init(_ text: String) { self.text = text }
}

/// A time that a clock shows, to the second.
struct TimeOfDay: Hashable, Comparable, Sendable {
  let hour: Int
  let minute: Int
  let second: Int

  /// nil where the text is not `HH:MM` or `HH:MM:SS`.
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts.allSatisfy(Self.isTwoDigits) else { return nil }
    let numbers = parts.compactMap { Int($0) }
    guard numbers[0] < 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
    hour = numbers[0]
    minute = numbers[1]
    second = numbers.count == 3 ? numbers[2] : 0
  }

  private static func isTwoDigits(_ part: Substring) -> Bool {
    part.utf8.count == 2 && part.utf8.allSatisfy { (48...57).contains($0) }
  }

  static func < (left: TimeOfDay, right: TimeOfDay) -> Bool {
    (left.hour, left.minute, left.second) < (right.hour, right.minute, right.second)
  }
}
