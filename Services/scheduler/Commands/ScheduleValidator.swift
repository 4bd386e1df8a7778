internal import Base
internal import Messages

/// Checks what a person says of a schedule.
struct ScheduleValidator: Sendable {
  static let longestSeconds = 7 * 86_400
  static let longestPaddingSeconds = 86_400
  /// What recurs more often than this is a mistake: each start is a file.
  static let leastIntervalSeconds: Int64 = 5
  /// How many recordings of one schedule may run at once.
  static let mostOverlapping: Int64 = 20

  let reading: ScheduleReading

  /// - Parameter known: what the schedule says so far; a one-shot that is over may still be renamed.
  func check(
    _ schedule: ScheduleDefinition, holidays: Holidays?,
    replacing known: ScheduleDefinition?, at now: Instant
  ) throws(Refusal) -> PlannedSchedule {
    try TextRule.checkName(schedule.name, field: "name")
    try checkTimes(schedule)
    try checkTags(schedule.tags)
    guard Set(schedule.destinations).count == schedule.destinations.count,
      schedule.destinations.count <= 20
    else {
      throw Refusal(
        .invalid, "Name each destination once, and at most 20 of them.", field: "destinations")
    }
    let planned: PlannedSchedule
    do throws(ScheduleReading.Fault) {
      planned = try reading.planned(schedule, holidays: holidays)
    } catch {
      throw Refusal(.invalid, error.text, field: error.field)
    }
    switch schedule.rule {
    case .once(let start):
      if schedule.rule != known?.rule { try checkOnce(start, schedule, at: now) }
    case .cron, .interval, .weekly, .always:
      // One that is over may still be renamed.
      let isOver = schedule.validUntil.map { $0 <= now } ?? false
      if !isOver || schedule.validUntil != known?.validUntil {
        try checkRecurring(planned, schedule, at: now)
      }
    }
    return planned
  }

  /// The part of the rule that says when it comes due.
  private static func field(of rule: ScheduleRule) -> String {
    switch rule {
    case .cron: "rule.expression"
    case .once: "rule.start"
    case .interval: "rule.everySeconds"
    case .weekly: "rule.slots"
    case .always: "rule.fileSeconds"
    }
  }

  private func checkTimes(_ schedule: ScheduleDefinition) throws(Refusal) {
    var isAlways = false
    if case .always = schedule.rule { isAlways = true }
    guard isAlways || (1...Self.longestSeconds).contains(schedule.durationSeconds) else {
      throw Refusal(
        .invalid, "The duration must be from one second to seven days.", field: "durationSeconds")
    }
    let paddings = [
      ("paddingBeforeSeconds", schedule.paddingBeforeSeconds),
      ("paddingAfterSeconds", schedule.paddingAfterSeconds),
    ]
    for (field, value) in paddings where !(0...Self.longestPaddingSeconds).contains(value) {
      throw Refusal(.invalid, "A padding must be from zero to 24 hours.", field: field)
    }
    for (field, value) in paddings where isAlways && value != 0 {
      throw Refusal(
        .invalid, "Files without end follow each other exactly: they take no padding.",
        field: field)
    }
    guard (-1000...1000).contains(schedule.priority ?? 0) else {
      throw Refusal(.invalid, "A priority lies between -1000 and 1000.", field: "priority")
    }
    guard schedule.exceptDates?.count ?? 0 <= 1000 else {
      throw Refusal(.invalid, "A schedule takes at most 1000 exceptions.", field: "exceptDates")
    }
  }

  private func checkTags(_ tags: RecordingTags) throws(Refusal) {
    let all = [
      ("title", tags.title), ("artist", tags.artist), ("album", tags.album),
      ("albumArtist", tags.albumArtist), ("genre", tags.genre), ("comment", tags.comment),
    ]
    for (name, value) in all {
      guard let value else { continue }
      try TextRule.checkLine(
        value, field: "tags.\(name)", what: "The tag '\(name)'", mostBytes: 500)
    }
  }

  private func checkOnce(
    _ start: Instant, _ schedule: ScheduleDefinition, at now: Instant
  ) throws(Refusal) {
    guard start + .seconds(schedule.durationSeconds) > now else {
      throw Refusal(
        .invalid, "This time is over already: choose a start and duration that end in the future.",
        field: "rule.start")
    }
    guard start < now + .seconds(10 * 366 * 86_400) else {
      throw Refusal(.invalid, "The start is more than ten years away.", field: "rule.start")
    }
  }

  private func checkRecurring(
    _ planned: PlannedSchedule, _ schedule: ScheduleDefinition, at now: Instant
  ) throws(Refusal) {
    let field = Self.field(of: schedule.rule)
    guard var last = planned.rule.next(after: now) else {
      throw Refusal(
        .invalid, "This expression never comes due: no month has such a day.", field: field)
    }
    guard planned.next(after: now) != nil else {
      throw Refusal(
        .invalid,
        "This schedule never comes due: its dates and exceptions leave no start.",
        field: schedule.validUntil == nil ? "exceptDates" : "validUntil")
    }
    // Files follow each other, and none is as short as a mistake.
    if case .always = planned.rule { return }
    var least = Int64.max
    for _ in 0..<20 {
      guard let next = planned.rule.next(after: last) else { break }
      least = min(least, (next - last).microseconds / 1_000_000)
      last = next
    }
    guard least >= Self.leastIntervalSeconds else {
      throw Refusal(
        .invalid,
        "This expression starts a recording more often than every \(Self.leastIntervalSeconds) "
          + "seconds; with five fields the first is the minute, with six the second.",
        field: field)
    }
    let length = planned.duration.microseconds / 1_000_000
    guard length / least < Self.mostOverlapping else {
      throw Refusal(
        .invalid,
        "More than \(Self.mostOverlapping) recordings of this schedule would run at once: make it "
          + "shorter or rarer.", field: "durationSeconds")
    }
  }
}
