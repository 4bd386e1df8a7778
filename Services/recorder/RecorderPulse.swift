import Base
import Bus
import Configuration
import Messages
import Metrics
import Service
import Storage

/// What the recorder does each second besides its work: tells how the captures are, keeps the
/// numbers and the faults that people see, and notes in the database that it lives.
struct RecorderPulse: Sendable {
  let host: ServiceHost
  let database: Database
  let keeper: PlanKeeper
  let captures: CapturePool
  let statuses: StatusOutbox
  let metrics: RecorderMetrics

  func run() async {
    let progress = host.progress.register("pulse")
    defer { host.progress.retire(progress) }
    var round = 0
    while !Task.isCancelled {
      await tellStatuses()
      if round % 5 == 0 { await show() }
      if round % 25 == 0 { await noteAlive() }
      progress.step()
      round += 1
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  private func tellStatuses() async {
    do {
      try await statuses.flush()
      host.health.ok("database")
    } catch {
      host.health.failed(
        "database", "The recorder's database cannot be written (\(error)); captures go on.")
    }
  }

  private func show() async {
    let figures = await captures.figures()
    metrics.active.set(captures.activeCount)
    metrics.capturing.set(figures.values.count { $0.isCapturing })
    metrics.heldSeconds.set(figures.values.reduce(0) { $0 + $1.heldSeconds })
    let counts = await keeper.counts()
    for phase in RecordingPhase.allCases where !phase.isOver {
      metrics.planned.with(phase.rawValue).set(counts[phase] ?? 0)
    }
    let blocked = figures.values.compactMap(\.fault).first
    if let blocked { host.health.degraded("tape", blocked) } else { host.health.ok("tape") }
    if let fault = await keeper.fault {
      host.health.degraded("recordings", fault)
    } else {
      host.health.ok("recordings")
    }
  }

  private func noteAlive() async {
    let now = SystemTimeSource().now()
    // A failure shows in `tellStatuses`, and only makes the next start's gaps coarser.
    try? await database.write { try RecordingCatalog.noteAlive(now, $0) }
  }
}
