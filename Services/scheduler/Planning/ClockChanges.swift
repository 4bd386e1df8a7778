internal import Base

/// What changes of the clocks do to a schedule's starts, in sentences.
struct ClockChanges: Sendable {
  private let schedule: PlannedSchedule
  private let zone: TimeZoneRules

  init(_ schedule: PlannedSchedule, zone: TimeZoneRules) {
    self.schedule = schedule
    self.zone = zone
  }

  /// Of one start; nil where no change touches it.
  func note(on start: Instant, end: Instant) -> String? {
    if case .always(let grid) = schedule.rule {
      let length = (end - start).microseconds / 1_000_000
      guard length != grid.seconds else { return nil }
      return "The clocks are changed meanwhile: this file lasts \(Self.length(length)) instead of "
        + "\(Self.length(grid.seconds))."
    }
    let searches = self.searches.filter { !$0.expression.isWildcard }
    guard !searches.isEmpty else { return nil }
    let period = zone.period(at: start.seconds)
    if let change = change(at: period.start), change.isForward, start.seconds == change.at {
      let skipped = faces(searches, change.span, limit: 20)
      guard !skipped.isEmpty else { return nil }
      return skipped.count == 1
        ? "\(Self.times(skipped)) is skipped that day: it starts at the first instant after."
        : "\(Self.times(skipped)) are skipped that day: it starts once, at the first instant after."
    }
    let local = start.seconds + Int64(period.offset)
    for change in [change(at: period.end), change(at: period.start)] {
      guard let change, !change.isForward, change.span.contains(local) else { continue }
      let both = searches.contains { $0.doubledHour == .both }
      return "\(Self.times([local])) comes twice that day: it starts "
        + (both ? "both times." : "the first time only.")
    }
    return nil
  }

  /// Of the starts that there will not be, and of those whose local time moves.
  func remarks(from now: Instant, to last: Instant) -> [String] {
    var remarks: [String] = []
    var seconds = now.seconds
    while remarks.count < 10, let next = zone.nextTransition(after: seconds),
      next.at <= last.seconds
    {
      seconds = next.at
      guard let change = change(at: next.at), let text = remark(on: change) else { continue }
      remarks.append(text)
    }
    return remarks
  }

  private func remark(on change: Change) -> String? {
    let day = LocalText.date(CivilTime(secondsSinceEpoch: change.span.lowerBound))
    switch schedule.rule {
    case .interval:
      return "On \(day) the clocks are changed; an interval goes by elapsed time, so the local "
        + "times are others from then on."
    case .cron(let search) where search.expression.isWildcard:
      let faces = search.faces(in: change.span, limit: 500)
      guard !faces.isEmpty else { return nil }
      let count = faces.count == 1 ? "the start" : "the \(faces.count) starts"
      if change.isForward {
        return "On \(day) the clocks skip \(Self.span(change.span)): \(count) of that time "
          + "(\(Self.times(faces))) \(faces.count == 1 ? "does" : "do") not happen."
      }
      return "On \(day) the clocks show \(Self.span(change.span)) twice: \(count) of that time "
        + "(\(Self.times(faces))) \(faces.count == 1 ? "happens" : "happen") both times."
    case .cron, .weekly, .once, .always: return nil
    }
  }

  /// A span of the clock's face that is skipped or shown twice.
  private struct Change {
    var at: Int64
    var isForward: Bool
    /// Seconds on the clock.
    var span: Range<Int64>
  }

  private func change(at seconds: Int64) -> Change? {
    guard seconds != .min, seconds != .max else { return nil }
    let before = seconds + Int64(zone.offset(at: seconds - 1))
    let after = seconds + Int64(zone.offset(at: seconds))
    guard before != after else { return nil }
    return Change(
      at: seconds, isForward: after > before, span: min(before, after)..<max(before, after))
  }

  private var searches: [CronSearch] {
    switch schedule.rule {
    case .cron(let search): [search]
    case .weekly(let grid): grid.searches
    case .once, .interval, .always: []
    }
  }

  private func faces(_ searches: [CronSearch], _ span: Range<Int64>, limit: Int) -> [Int64] {
    Set(searches.flatMap { $0.faces(in: span, limit: limit) }).sorted()
  }

  private static func times(_ faces: [Int64]) -> String {
    let named = faces.prefix(4).map { LocalText.time(CivilTime(secondsSinceEpoch: $0)) }
    if faces.count > 4 { return named.joined(separator: ", ") + ", …" }
    guard let last = named.last, named.count > 1 else { return named.first ?? "" }
    return named.dropLast().joined(separator: ", ") + " and " + last
  }

  private static func span(_ span: Range<Int64>) -> String {
    LocalText.time(CivilTime(secondsSinceEpoch: span.lowerBound)) + " to "
      + LocalText.time(CivilTime(secondsSinceEpoch: span.upperBound))
  }

  private static func length(_ seconds: Int64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }
}
