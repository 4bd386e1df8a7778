internal import Base

/// When a schedule's recordings start. Every kind of rule answers one question, so that another
/// kind (an interval, a grid of weekdays, "always") is another case here and nothing elsewhere.
enum StartRule: Sendable {
  /// Again and again, by a cron expression in a time zone.
  case cron(CronSearch)
  /// Once, at an instant.
  case once(Instant)

  /// The first start that is later; nil when there is none any more.
  func next(after instant: Instant) -> Instant? {
    switch self {
    case .cron(let search): search.next(after: instant)
    case .once(let start): start > instant ? start : nil
    }
  }
}

/// A schedule as far as planning needs it.
struct PlannedSchedule: Sendable {
  var id: ScheduleID
  var isEnabled = true
  var rule: StartRule
  /// Elapsed time from start to end, whatever the clocks do meanwhile.
  var duration: Duration
  /// Recorded before the start as well.
  var paddingBefore: Duration = .zero
  /// Recorded after the end as well.
  var paddingAfter: Duration = .zero
}
