internal import Base
internal import Messages

/// The next starts of a schedule that need not be stored, and what a person should know of them
/// before it is.
struct SchedulePreview: Encodable, Hashable, Sendable {
  struct Start: Encodable, Hashable, Sendable {
    let start: Instant
    let end: Instant
    let paddedStart: Instant
    let paddedEnd: Instant
    /// What a clock of the zone shows then, `Sat 2026-11-21 20:00:00 +01:00`.
    let local: String
    /// One sentence, where the clocks are changed around it.
    var note: String?
  }

  /// Why there are no starts.
  struct Fault: Encodable, Hashable, Sendable {
    /// The part of the definition at fault.
    let field: String?
    let text: String
  }

  var starts: [Start] = []
  var problem: Fault?
  /// One sentence for each thing that the starts alone do not show.
  var remarks: [String] = []

  static let mostStarts = 500

  init(problem: Fault) { self.problem = problem }

  /// - Parameter zone: in which local times are told.
  init(_ schedule: PlannedSchedule, zone: TimeZoneRules, count: Int, at now: Instant) {
    let changes = ClockChanges(schedule, zone: zone)
    // What is on air now counts as a start.
    var last = schedule.earliestOnAir(at: now)
    while starts.count < count, let start = schedule.next(after: last) {
      let end = schedule.end(of: start)
      starts.append(
        Start(
          start: start, end: end, paddedStart: start - schedule.paddingBefore,
          paddedEnd: end + schedule.paddingAfter, local: LocalText.full(start, in: zone),
          note: changes.note(on: start, end: end)))
      last = start
    }
    remarks += changes.remarks(from: now, to: last)
    remarks += Self.exceptions(of: schedule, from: now, to: last, in: zone)
    if starts.count < count {
      remarks.append(
        starts.isEmpty
          ? "Nothing starts any more."
          : "After that nothing starts any more: the last is on \(LocalText.full(last, in: zone)).")
    }
    if !schedule.isEnabled { remarks.append("The schedule is switched off: nothing starts.") }
  }

  /// So many are named one by one.
  private static let mostNamed = 10

  /// Which starts fall on an exception or a holiday.
  private static func exceptions(
    of schedule: PlannedSchedule, from now: Instant, to last: Instant, in zone: TimeZoneRules
  ) -> [String] {
    guard !schedule.filter.dates.isEmpty || !schedule.filter.holidays.isEmpty else { return [] }
    var named: [String] = []
    var instant = max(now, schedule.filter.from ?? now)
    for _ in 0..<mostStarts * 20 {
      guard let start = schedule.rule.next(after: instant), start <= last,
        start < schedule.filter.until ?? .distantFuture, named.count < mostNamed
      else { break }
      instant = start
      guard let exclusion = schedule.filter.exclusion(of: start) else { continue }
      let date = LocalText.date(start, in: zone)
      let text =
        switch exclusion {
        case .date: "Nothing starts on \(date): it is one of the exceptions."
        case .holiday(let calendar): "Nothing starts on \(date): it is in “\(calendar)”."
        }
      if named.last != text { named.append(text) }
    }
    return named
  }
}

/// Times as people read them.
enum LocalText {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

  static func date(_ instant: Instant, in zone: TimeZoneRules) -> String {
    date(zone.civil(at: instant.seconds))
  }

  static func date(_ local: CivilTime) -> String {
    "\(days[local.weekday]) \(padded(local.year, 4))-\(padded(local.month, 2))-\(padded(local.day, 2))"
  }

  /// `20:00`, with seconds only where there are some.
  static func time(_ local: CivilTime) -> String {
    "\(padded(local.hour, 2)):\(padded(local.minute, 2))"
      + (local.second == 0 ? "" : ":\(padded(local.second, 2))")
  }

  static func full(_ instant: Instant, in zone: TimeZoneRules) -> String {
    let offset = zone.offset(at: instant.seconds)
    let local = zone.civil(at: instant.seconds)
    let minutes = abs(offset) / 60
    return "\(date(local)) \(padded(local.hour, 2)):\(padded(local.minute, 2)):"
      + "\(padded(local.second, 2)) \(offset < 0 ? "-" : "+")\(padded(minutes / 60, 2)):"
      + padded(minutes % 60, 2)
  }
}
