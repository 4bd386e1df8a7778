internal import Base
internal import Glibc
internal import TestSupport

/// A durable message from the sender's commit to the receiver's, beside ZeroMQ alone (which promises
/// nothing) and beside SQLite alone (which goes nowhere).
struct BusBenchmark {
  private static let calmRate = 200
  private static let calmCount = 2000
  private static let burst = 20_000
  private static let rounds = 3
  private static let plainBurst = 500_000

  func run() async throws {
    let folder = try TemporaryFolder()
    // As the bus demands of the folder of its sockets.
    try Syscall.check("chmod", folder.path) { chmod(folder.path, 0o750) }
    let probe = try await BusProbe(folder: folder.path)
    let alone = try CommitPeer(folder: folder.path)
    let plain = PlainZeroMQ(messageSize: BenchMessage.bodySize, folder: folder.path)
    // The connection is up and both databases have their pages.
    _ = try await probe.send(500)
    Output.write(try await latency(probe, alone, plain).text)
    Output.write(try await throughput(probe, alone, plain).text)
    await probe.stop()
  }

  private func latency(
    _ probe: BusProbe, _ alone: CommitPeer, _ plain: PlainZeroMQ
  ) async throws -> MarkdownTable {
    let interval = Duration.seconds(1) / BusBenchmark.calmRate
    let count = BusBenchmark.calmCount
    let bus = Distribution(try await probe.send(count, every: interval).latencies)
    let commit = Distribution(try await alone.latencies(count, every: interval))
    let peer = Distribution(
      try await onThread { try plain.oneWay(messages: count, every: interval) })
    var table = MarkdownTable(
      "bus: latency at \(BusBenchmark.calmRate) messages/s, \(BenchMessage.bodySize) bytes each",
      ["", "messages", "p50", "p99", "max", "p50 to ZeroMQ", "p99 to ZeroMQ"])
    func add(_ name: String, _ times: Distribution) {
      table.add(
        name, "\(times.count)", Figure.time(times.p50), Figure.time(times.p99),
        Figure.time(times.longest), Figure.ratio(times.p50, to: peer.p50),
        Figure.ratio(times.p99, to: peer.p99))
    }
    add("bus: sender's commit → receiver's commit", bus)
    add("ZeroMQ push/pull alone, one way", peer)
    add("SQLite alone, the call of one commit", commit)
    return table
  }

  private func throughput(
    _ probe: BusProbe, _ alone: CommitPeer, _ plain: PlainZeroMQ
  ) async throws -> MarkdownTable {
    let peer = try await onThread {
      try plain.pushPull(messages: BusBenchmark.plainBurst).perSecond
    }
    var table = MarkdownTable(
      "bus: throughput, \(BenchMessage.bodySize) bytes each, median of \(BusBenchmark.rounds) rounds",
      ["", "messages", "rate", "to ZeroMQ", "to SQLite alone"])
    table.add(
      "ZeroMQ push/pull alone", "\(BusBenchmark.plainBurst)", Figure.rate(peer), "1×", "–")
    for size in [1, 50] {
      let (bus, commits) = try await rates(probe, alone, perTransaction: size)
      table.add(
        "bus, \(size) per transaction", "\(BusBenchmark.burst)", Figure.rate(bus),
        Figure.ratio(bus, to: peer), Figure.ratio(bus, to: commits))
      table.add(
        "SQLite alone at both ends, \(size) per transaction", "\(BusBenchmark.burst)",
        Figure.rate(commits),
        Figure.ratio(commits, to: peer), "1×")
    }
    return table
  }

  /// The medians of a few rounds in turn: the disk's pace changes from one second to the next.
  private func rates(
    _ probe: BusProbe, _ alone: CommitPeer, perTransaction size: Int
  ) async throws -> (bus: Double, alone: Double) {
    var bus: [Double] = []
    var commits: [Double] = []
    for _ in 0..<BusBenchmark.rounds {
      commits.append(try await alone.rate(BusBenchmark.burst, perTransaction: size))
      bus.append(try await probe.send(BusBenchmark.burst, perTransaction: size).perSecond)
    }
    return (bus.sorted()[bus.count / 2], commits.sorted()[commits.count / 2])
  }
}

/// Runs what blocks on a thread of its own, off Swift's shared pool.
func onThread<Value: Sendable>(
  _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    BackgroundThread(named: "measurement") {
      continuation.resume(with: Result { try body() })
    }.start()
  }
}
