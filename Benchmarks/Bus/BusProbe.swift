internal import Base
internal import Bus
internal import Storage
internal import Subprocess
internal import Synchronization
internal import TestSupport

/// Sends runs of messages to the receiver process and learns when each was committed at both ends.
final class BusProbe {
  /// When each message was committed here and there, nanoseconds of the common clock.
  struct Result {
    let begun: Int64
    let sent: [Int64]
    let applied: [Int64]

    /// From the sender's commit to the receiver's.
    var latencies: [Duration] { zip(sent, applied).map { .nanoseconds($1 - $0) } }

    /// From before the first write to the last message's effect.
    var perSecond: Double {
      Double(applied.count) / (Double((applied.last ?? begun) - begun) / 1e9)
    }
  }

  private let station: BenchStation
  private let receiver: ChildProcess
  private var lines: ChildLines.AsyncIterator
  private let work: Task<Void, any Error>
  private var run = 0

  init(folder: String) async throws {
    var command = ChildCommand("/proc/self/exe", [BusReceiver.role, folder])
    command.output = .pipe()
    command.errors = .inherited
    receiver = try await ChildProcess.start(command)
    guard let output = receiver.output else { throw TestFailure("the receiver has no output") }
    lines = output.lines.makeAsyncIterator()
    let station = try await BenchStation(
      BenchStation.sender, folder: folder, handlers: BusHandlers())
    self.station = station
    work = Task { try await station.run() }
  }

  func stop() async {
    work.cancel()
    _ = await work.result
    await receiver.stop(.kill)
  }

  /// So many messages, so many in each transaction, one transaction at most in each interval.
  func send(_ count: Int, perTransaction: Int = 1, every interval: Duration? = nil) async throws
    -> Result
  {
    run += 1
    let commits = Commits()
    let begun = nanosecondsNow()
    let clock = ContinuousClock()
    var next = clock.now
    for first in stride(from: 0, to: count, by: perTransaction) {
      if let interval {
        try await clock.sleep(until: next, tolerance: .zero)
        next += interval
      }
      let messages = (first..<min(first + perTransaction, count)).map {
        BenchMessage(run: run, number: $0, count: count)
      }
      let outbox = station.outbox
      try await station.database.write { transaction in
        // The first to be done after the commit: the bus is woken after it.
        transaction.afterCommit { commits.note(messages.count) }
        for message in messages {
          try MessageCatalog.store(message, transaction)
          try outbox.send(message, to: BenchStation.receiver, in: transaction)
        }
      }
    }
    return Result(begun: begun, sent: commits.times, applied: try await applied(count))
  }

  private func applied(_ count: Int) async throws -> [Int64] {
    var times: [Int64] = []
    while let line = await lines.next() {
      if line == BusReceiver.end { break }
      let fields = line.split(separator: " ").compactMap { Int64($0) }
      guard fields.count == 3, fields[0] == run, fields[1] == times.count else {
        throw TestFailure("the receiver said '\(line)'")
      }
      times.append(fields[2])
    }
    guard times.count == count else {
      throw TestFailure("the receiver ended after \(times.count) of \(count) messages")
    }
    return times
  }

  private final class Commits: Sendable {
    private let state = Mutex<[Int64]>([])

    var times: [Int64] { state.withLock { $0 } }

    func note(_ count: Int) {
      let now = nanosecondsNow()
      state.withLock { $0 += Array(repeating: now, count: count) }
    }
  }
}
