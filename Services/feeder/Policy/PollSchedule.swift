internal import Base
internal import Messages

/// When a feed is fetched next.
///
/// A feed has a phase within its interval, by the hash of its id: ten thousand feeds are asked evenly
/// over the hour, whatever time they were added or the service was started at. The interval follows
/// from how often the feed posts, within [minimum, maximum], and never goes below what the publisher
/// asks for.
///
/// A value without a clock.
struct PollSchedule: Hashable, Sendable {
  /// For feeds whose rate is not known.
  var interval = Duration.seconds(3600)
  var minimum = Duration.seconds(900)
  var maximum = Duration.seconds(21_600)

  /// A quarter of the usual (median) time between the newest episodes: an episode is seen within a
  /// quarter of the time until the next. Of fewer than three dates nothing follows.
  func interval(
    published: [Instant], hints: UpdateHints, cacheLifetime: Duration? = nil
  ) -> Duration {
    let newest = published.sorted(by: >).prefix(10)
    let gaps = zip(newest, newest.dropFirst()).map { $0 - $1 }.filter { $0 > .seconds(60) }.sorted()
    let wanted = gaps.count >= 2 ? gaps[gaps.count / 2] / 4 : interval
    let asked = [hints.freshness, cacheLifetime].compactMap { $0 }.max() ?? .zero
    return min(maximum, max(minimum, max(wanted, asked)))
  }

  /// The first instant of the feed's phase that is at least half an interval away.
  func next(for feed: FeedID, interval: Duration, hints: UpdateHints, now: Instant) -> Instant {
    let length = max(1, interval.microseconds)
    let phase = Int64(Self.hash(feed.text) % UInt64(length))
    let earliest = now.microseconds + length / 2
    var next = (earliest - phase + length - 1) / length * length + phase
    // At most a week of hours: one that skips them all is asked all the same.
    for _ in 0..<168 {
      guard isSkipped(Instant(microseconds: next), hints) else { break }
      next += 3_600_000_000
    }
    return Instant(microseconds: next)
  }

  /// After a failure: the interval, doubled at each, up to `maximum`; with up to an eighth taken off
  /// so that those who failed together do not come back together.
  func retry(
    for feed: FeedID, failures: Int, interval: Duration, now: Instant
  ) -> Instant {
    let base = max(minimum, min(interval, self.interval))
    let wait = min(maximum, base * (1 << min(20, max(0, failures - 1))))
    let jitter = Int64(Self.hash("\(feed)#\(failures)") % UInt64(max(1, wait.microseconds / 8)))
    return now + wait - .microseconds(jitter)
  }

  private func isSkipped(_ instant: Instant, _ hints: UpdateHints) -> Bool {
    let civil = CivilTime(secondsSinceEpoch: instant.seconds)
    return hints.skippedHours.contains(civil.hour) || hints.skippedDays.contains(civil.weekday)
  }

  /// FNV-1a, mixed once more: the same in every process, unlike Swift's own.
  static func hash(_ text: String) -> UInt64 {
    let sum = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
    var generator = SplitMix64(seed: sum)
    return generator.next()
  }
}
