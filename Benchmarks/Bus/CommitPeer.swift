internal import Base
internal import Storage

/// The same rows committed in two databases at once, without any bus between: what the disk allows
/// the two ends. Two rather than one, because the kernel joins the flushes of two writers: on a busy
/// disk, two that commit at once were measured to get three times as much done, each, as one alone.
final class CommitPeer {
  private let databases: [Database]
  private var run = 0

  init(folder: String) throws {
    databases = try ["here", "there"].map {
      try BenchStation.openDatabase("\(folder)/alone-\($0).sqlite")
    }
  }

  /// Rows per second in each of the two, until the slower has all.
  func rate(_ count: Int, perTransaction: Int) async throws -> Double {
    run += 1
    let run = run
    let begun = nanosecondsNow()
    try await withThrowingTaskGroup { group in
      for database in databases {
        group.addTask {
          for first in stride(from: 0, to: count, by: perTransaction) {
            let messages = (first..<min(first + perTransaction, count)).map {
              BenchMessage(run: run, number: $0, count: count)
            }
            try await database.write { transaction in
              for message in messages { try MessageCatalog.store(message, transaction) }
            }
          }
        }
      }
      try await group.waitForAll()
    }
    return Double(count) / (Double(nanosecondsNow() - begun) / 1e9)
  }

  /// How long a commit of one takes at the given pace.
  func latencies(_ count: Int, every interval: Duration) async throws -> [Duration] {
    run += 1
    let clock = ContinuousClock()
    var next = clock.now
    var times: [Duration] = []
    for number in 0..<count {
      try await clock.sleep(until: next, tolerance: .zero)
      next += interval
      let message = BenchMessage(run: run, number: number, count: count)
      let begun = nanosecondsNow()
      try await databases[0].write { try MessageCatalog.store(message, $0) }
      times.append(.nanoseconds(nanosecondsNow() - begun))
    }
    return times
  }
}
