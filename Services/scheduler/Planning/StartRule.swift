internal import Base

/// When a schedule's recordings start. Every kind of rule answers one question, so that another
/// kind is another case here and nothing elsewhere.
enum StartRule: Sendable {
  /// Again and again, by a cron expression in a time zone.
  case cron(CronSearch)
  /// Once, at an instant.
  case once(Instant)
  /// Every so many seconds of elapsed time from an instant on, whatever the clocks do.
  case interval(seconds: Int64, from: Instant)
  /// At times of the week in a time zone.
  case weekly(WeeklyGrid)
  /// One file after the other.
  case always(ClockGrid)

  /// The first start that is later; nil when there is none any more.
  func next(after instant: Instant) -> Instant? {
    switch self {
    case .cron(let search): return search.next(after: instant)
    case .once(let start): return start > instant ? start : nil
    case .interval(let seconds, let from):
      guard instant >= from else { return from }
      let passed = (instant - from).microseconds / (seconds * 1_000_000)
      return Instant(microseconds: from.microseconds + (passed + 1) * seconds * 1_000_000)
    case .weekly(let grid): return grid.next(after: instant)
    case .always(let grid): return grid.next(after: instant)
    }
  }
}

/// A schedule as far as planning needs it.
struct PlannedSchedule: Sendable {
  var id: ScheduleID
  var isEnabled = true
  var rule: StartRule
  /// Which of the rule's starts do not count.
  var filter = StartFilter()
  /// Elapsed time from start to end, whatever the clocks do meanwhile.
  var duration: Duration
  /// Recorded before the start as well.
  var paddingBefore: Duration = .zero
  /// Recorded after the end as well.
  var paddingAfter: Duration = .zero

  /// The first start that counts and is later; nil when there is none any more.
  func next(after instant: Instant) -> Instant? { filter.next(of: rule, after: instant) }

  /// Where a show that starts then ends. Files without end last until the next one begins, which is
  /// an hour more or less where the clocks are changed meanwhile.
  func end(of start: Instant) -> Instant {
    if case .always(let grid) = rule { return grid.next(after: start) }
    return start + duration
  }

  /// From here on a start that is later is still on air, or to come.
  func earliestOnAir(at now: Instant) -> Instant {
    if case .always(let grid) = rule { return grid.start(at: now) - .microseconds(1) }
    return now - duration
  }
}
