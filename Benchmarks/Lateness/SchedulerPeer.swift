internal import Base
internal import Messages
internal import Subprocess
internal import TestSupport

/// APScheduler with the same jobs, in a process of its own.
///
/// Its measured jobs are due a little after ours, so that the two do not compete for the same
/// instant, and are disturbed by the same neighbours.
struct SchedulerPeer {
  static let delay = Duration.milliseconds(150)

  private let peer: PythonPeer
  private var lines: ChildLines.AsyncIterator

  /// Returns when all jobs are loaded.
  init(
    file: String, background: [ScheduleDefinition], starts: [Instant], until end: Instant
  ) async throws {
    var text = ""
    for schedule in background {
      switch schedule.rule {
      case .once(let start): text += "later \(start.microseconds)\n"
      case .cron(let expression, _, _):
        let fields = expression.split(separator: " ")
        // APScheduler counts the days of the week from Monday.
        let day = ((Int(fields[4]) ?? 0) + 6) % 7
        text += "cron \(fields[0]) \(fields[1]) \(day)\n"
      case .interval, .weekly, .always: preconditionFailure("the load has none of these")
      }
    }
    for start in starts { text += "now \((start + SchedulerPeer.delay).microseconds)\n" }
    try DurableFile.write(Array(text.utf8), to: file, mode: 0o644)
    peer = try await PythonPeer("apscheduler-lateness.py", [file, "\(end.microseconds)"])
    guard let output = peer.child.output else { throw TestFailure("the peer has no output") }
    lines = output.lines.makeAsyncIterator()
    guard await lines.next() == "ready" else { throw TestFailure("APScheduler did not start") }
  }

  /// How late each job was; returns after the end.
  mutating func lateness() async -> [Duration] {
    var times: [Duration] = []
    while let line = await lines.next() {
      if let microseconds = Int64(line) { times.append(.microseconds(microseconds)) }
    }
    return times
  }
}
