internal import Subprocess
internal import TestSupport

/// What each service holds of the memory with nothing to do, beside a Python that does nothing and
/// one with an idle APScheduler.
struct MemoryBenchmark {
  private static let services = [
    "scheduler", "recorder", "converter", "feeder", "delivery", "gateway",
  ]
  /// After all are ready: greetings, heartbeats and first housekeeping are done.
  private static let idle = Duration.seconds(15)

  func run() async throws {
    let suite = try RunningSuite()
    for service in MemoryBenchmark.services { try await suite.start(service) }
    try await suite.becomeReady()
    let python = try await PythonPeer("idle.py")
    let scheduler = try await PythonPeer("idle.py", ["apscheduler"])
    try await Task.sleep(for: MemoryBenchmark.idle)
    let measured = try suite.services.map { ($0.name, try memory(of: $0.child)) }
    let peers = [
      ("Python, idle", try memory(of: python.child)),
      ("Python with APScheduler, idle", try memory(of: scheduler.child)),
    ]
    await suite.kill()
    await python.child.stop(.kill)
    await scheduler.child.stop(.kill)
    Output.write(table(measured, peers).text)
  }

  private func memory(of child: ChildProcess) throws -> ProcessMemory {
    guard let memory = ProcessMemory(pid: child.pid) else {
      throw TestFailure("the memory of process \(child.pid) cannot be read: it ended, perhaps")
    }
    return memory
  }

  private func table(
    _ services: [(String, ProcessMemory)], _ peers: [(String, ProcessMemory)]
  ) -> MarkdownTable {
    var table = MarkdownTable(
      "memory: idle, empty home", ["", "RSS", "PSS", "anonymous", "RSS to APScheduler's"])
    let last = peers[peers.count - 1].1
    for (name, memory) in services.map({ ("airloom-\($0.0)", $0.1) }) + peers {
      table.add(
        name, Figure.megabytes(memory.resident), Figure.megabytes(memory.proportional),
        Figure.megabytes(memory.anonymous),
        Figure.ratio(Double(memory.resident), to: Double(last.resident)))
    }
    table.add(
      "all six services", Figure.megabytes(services.reduce(0) { $0 + $1.1.resident }),
      Figure.megabytes(services.reduce(0) { $0 + $1.1.proportional }),
      Figure.megabytes(services.reduce(0) { $0 + $1.1.anonymous }), "–")
    return table
  }
}
