internal import Base
internal import Glibc

/// What /proc tells of another process's threads.
enum ThreadStates {
  /// Whether the process has that many threads, each of which sleeps now and has done so before: they
  /// are past what they do first.
  static func haveSlept(of process: pid_t, atLeast count: Int) -> Bool {
    let tasks = "/proc/\(process)/task"
    let states = TemporaryFolder.names(in: tasks).map { name in
      (try? DurableFile.read("\(tasks)/\(name)/status")).map { String(decoding: $0, as: UTF8.self) }
    }
    return states.count >= count && states.allSatisfy { $0.map(hasSlept) ?? false }
  }

  private static func hasSlept(_ status: String) -> Bool {
    var isAsleep = false
    var hasWaited = false
    for line in status.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.first == "State:" { isAsleep = words.dropFirst().first == "S" }
      if words.first == "voluntary_ctxt_switches:" {
        hasWaited = words.dropFirst().first.flatMap { Int($0) } ?? 0 > 0
      }
    }
    return isAsleep && hasWaited
  }
}
