internal import Base
internal import Messages

/// Reads what a person wrote in a schedule into what planning needs, or says what is wrong with it.
struct ScheduleReading: Sendable {
  let zones: TimeZoneLibrary
  /// The zone of dates in names and tags where a schedule has none of its own (one-shots).
  let defaultZone: TimeZoneRules

  /// A part of a schedule that cannot be read.
  struct Fault: Error, Hashable {
    /// Such as `rule.expression`.
    let field: String
    /// One sentence.
    let text: String
  }

  /// - Parameter holidays: the calendar that the schedule names; nil where it names none, or one that
  ///   does not exist.
  func planned(
    _ schedule: ScheduleDefinition, holidays: Holidays?
  ) throws(Fault) -> PlannedSchedule {
    var duration = Duration.seconds(schedule.durationSeconds)
    if case .always(let seconds, _) = schedule.rule { duration = .seconds(seconds) }
    return PlannedSchedule(
      id: schedule.id, isEnabled: schedule.isEnabled, rule: try rule(schedule.rule),
      filter: try filter(schedule, holidays), duration: duration,
      paddingBefore: .seconds(schedule.paddingBeforeSeconds),
      paddingAfter: .seconds(schedule.paddingAfterSeconds))
  }

  /// What a clock of the schedule's zone shows at an instant.
  func local(_ instant: Instant, for schedule: ScheduleDefinition) -> CivilTime {
    zone(for: schedule).civil(at: instant.seconds)
  }

  /// The zone of the schedule's rule, else the usual one.
  func zone(for schedule: ScheduleDefinition) -> TimeZoneRules {
    guard let name = Self.zone(of: schedule), let rules = try? zones.rules(named: name) else {
      return defaultZone
    }
    return rules
  }

  /// The zone's name where the schedule has one.
  static func zone(of schedule: ScheduleDefinition) -> String? {
    switch schedule.rule {
    case .cron(_, let name, _), .weekly(_, let name, _), .always(_, let name): name
    case .once, .interval: nil
    }
  }

  private func rule(_ rule: ScheduleRule) throws(Fault) -> StartRule {
    switch rule {
    case .once(let start): return .once(start)
    case .interval(let seconds, let from):
      guard (5...366 * 86_400).contains(seconds) else {
        throw Fault(
          field: "rule.everySeconds", text: "An interval lies between 5 seconds and a year.")
      }
      return .interval(seconds: Int64(seconds), from: from)
    case .weekly(let slots, let zone, let both):
      let rules = try rules(named: zone)
      do throws(GridError) {
        return .weekly(
          try WeeklyGrid(
            slots.map { ($0.day, $0.time) }, in: rules, doubledHour: both ? .both : .first))
      } catch {
        throw Fault(field: "rule.slots", text: error.text)
      }
    case .always(let seconds, let zone):
      guard (10...7 * 86_400).contains(seconds) else {
        throw Fault(
          field: "rule.fileSeconds", text: "A file lasts from ten seconds to seven days.")
      }
      return .always(ClockGrid(seconds: Int64(seconds), in: try rules(named: zone)))
    case .cron(let expression, let zone, let both):
      let rules = try rules(named: zone)
      do throws(CronError) {
        return .cron(
          CronSearch(
            try CronExpression(expression), in: rules, doubledHour: both ? .both : .first))
      } catch {
        throw Fault(field: "rule.expression", text: error.description)
      }
    }
  }

  private func rules(named name: String) throws(Fault) -> TimeZoneRules {
    do throws(TimeZoneError) {
      return try zones.rules(named: name)
    } catch {
      throw Fault(field: "rule.zone", text: error.description)
    }
  }

  private func filter(
    _ schedule: ScheduleDefinition, _ holidays: Holidays?
  ) throws(Fault) -> StartFilter {
    if let from = schedule.validFrom, let until = schedule.validUntil, from >= until {
      throw Fault(
        field: "validUntil", text: "The schedule would end before it begins to be valid.")
    }
    var filter = StartFilter(
      from: schedule.validFrom, until: schedule.validUntil, zone: zone(for: schedule))
    for text in schedule.exceptDates ?? [] {
      guard let date = CalendarDate(text), date.year != nil else {
        throw Fault(
          field: "exceptDates",
          text: "'\(text.prefix(20))' is not a date: write it as 2026-12-24.")
      }
      filter.dates.insert(date)
    }
    if let id = schedule.exceptHolidays {
      guard let holidays else {
        throw Fault(
          field: "exceptHolidays", text: "There is no holiday calendar '\(id)': make it first.")
      }
      filter.calendar = holidays.name
      filter.holidays = Set(holidays.dates.compactMap(CalendarDate.init))
    }
    return filter
  }
}
