internal import Base
internal import Messages

/// The schedules of the measurement: most lie in the next days, some begin within a minute. The same
/// for Airloom and its peer, from a fixed seed.
struct ScheduleLoad {
  static let streams = (1...4).map { StreamID(unchecked: "radio-\($0)") }
  /// Long enough that nothing ends while starts are measured.
  private static let durationSeconds = 1800

  private var generator = SplitMix64(seed: 20_261_121)
  private var count = 0

  /// Weekly shows and single ones, none within two hours. A quarter is due within a day or so.
  mutating func background(_ number: Int, after now: Instant) -> [ScheduleDefinition] {
    (0..<number).map { index in
      let offset = Int.random(in: 7200...6 * 86_400, using: &generator)
      let start = Instant(seconds: now.seconds + Int64(offset))
      guard index % 2 == 0 else { return schedule(.once(start: start)) }
      let time = CivilTime(secondsSinceEpoch: start.seconds)
      return schedule(
        .cron(
          expression: "\(time.minute) \(time.hour) * * \(time.weekday)", zone: "UTC", both: false))
    }
  }

  /// Single shows at random microseconds of the window.
  mutating func once(_ number: Int, within window: Duration, after begin: Instant)
    -> [(ScheduleDefinition, Instant)]
  {
    (0..<number).map { _ in
      let offset = Int64.random(in: 0..<window.microseconds, using: &generator)
      let start = begin + .microseconds(offset)
      return (schedule(.once(start: start)), start)
    }
  }

  /// Cron expressions with seconds that match once in the window.
  mutating func cron(_ number: Int, within window: Duration, after begin: Instant)
    -> [(ScheduleDefinition, Instant)]
  {
    (0..<number).map { _ in
      let offset = Int64.random(in: 1..<window.microseconds / 1_000_000, using: &generator)
      let start = Instant(seconds: begin.seconds + offset)
      let time = CivilTime(secondsSinceEpoch: start.seconds)
      let expression =
        "\(time.second) \(time.minute) \(time.hour) \(time.day) \(time.month) *"
      return (schedule(.cron(expression: expression, zone: "UTC", both: false)), start)
    }
  }

  private mutating func schedule(_ rule: ScheduleRule) -> ScheduleDefinition {
    count += 1
    return ScheduleDefinition(
      id: ScheduleID(unchecked: "show-\(count)"), name: "Show \(count)",
      stream: ScheduleLoad.streams[count % ScheduleLoad.streams.count], rule: rule,
      durationSeconds: ScheduleLoad.durationSeconds)
  }
}
