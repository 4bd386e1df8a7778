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

  func planned(_ schedule: ScheduleDefinition) throws(Fault) -> PlannedSchedule {
    PlannedSchedule(
      id: schedule.id, isEnabled: schedule.isEnabled, rule: try rule(schedule.rule),
      duration: .seconds(schedule.durationSeconds),
      paddingBefore: .seconds(schedule.paddingBeforeSeconds),
      paddingAfter: .seconds(schedule.paddingAfterSeconds))
  }

  /// What a clock of the schedule's zone shows at an instant.
  func local(_ instant: Instant, for schedule: ScheduleDefinition) -> CivilTime {
    var zone = defaultZone
    if case .cron(_, let name, _) = schedule.rule, let rules = try? zones.rules(named: name) {
      zone = rules
    }
    return zone.civil(at: instant.seconds)
  }

  /// The zone's name where the schedule has one.
  static func zone(of schedule: ScheduleDefinition) -> String? {
    if case .cron(_, let name, _) = schedule.rule { return name }
    return nil
  }

  private func rule(_ rule: ScheduleRule) throws(Fault) -> StartRule {
    switch rule {
    case .once(let start): return .once(start)
    case .interval, .weekly, .always:
      throw Fault(field: "rule.kind", text: "This kind of rule is not known yet.")
    case .cron(let expression, let zone, let both):
      let rules: TimeZoneRules
      do throws(TimeZoneError) {
        rules = try zones.rules(named: zone)
      } catch {
        throw Fault(field: "rule.zone", text: error.description)
      }
      do throws(CronError) {
        return .cron(
          CronSearch(
            try CronExpression(expression), in: rules, doubledHour: both ? .both : .first))
      } catch {
        throw Fault(field: "rule.expression", text: error.description)
      }
    }
  }
}
