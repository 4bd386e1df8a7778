import Base
import Metrics
import Service

/// The ingest's place in the recorder's life: there before the tapes, left behind after them.
struct IngestComponent: ServiceComponent {
  let name = "ingest"
  private let opener: IngestOpener
  private let health: HealthBoard

  init(_ opener: IngestOpener, metrics: MetricsRegistry, health: HealthBoard) {
    self.opener = opener
    self.health = health
    metrics.gauge(
      "airloom_ingest_up", help: "1 while an ingest holds the connections and answers."
    ) { opener.figures.isUp ? 1 : 0 }
    metrics.gauge(
      "airloom_ingest_lines", help: "Connections that an ingest holds for this recorder."
    ) { Double(opener.figures.lines) }
    metrics.counter(
      "airloom_ingest_starts_total", help: "Times that this process started an ingest."
    ) { Double(opener.figures.starts) }
    metrics.counter(
      "airloom_ingest_adoptions_total",
      help: "Connections that were taken over from an earlier life of the recorder."
    ) { Double(opener.figures.adoptions) }
  }

  func start() async throws {
    await opener.start()
    show()
  }

  func run() async throws {
    // By now every stream that goes on has its own.
    opener.closeUnclaimed()
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(500))
      await opener.look()
      show()
    }
  }

  private func show() {
    if let fault = opener.fault {
      health.degraded("ingest", fault)
    } else {
      health.ok("ingest")
    }
  }
}
