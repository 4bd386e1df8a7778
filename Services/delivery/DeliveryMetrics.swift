internal import Base
internal import Messages
internal import Metrics

/// Delivery's numbers for Prometheus.
struct DeliveryMetrics: Sendable {
  let states: MetricFamily<Gauge>
  let attempts: MetricFamily<Counter>
  let bytes: Counter
  let seconds: Histogram
  let sending: Gauge

  init(_ registry: MetricsRegistry) {
    states = registry.gauges(
      "airloom_delivery_deliveries", help: "Deliveries by state.", labels: ["state"])
    attempts = registry.counters(
      "airloom_delivery_attempts_total",
      help: "Tries that ended, by outcome: delivered, or the kind of failure.",
      labels: ["outcome"])
    bytes = registry.counter(
      "airloom_delivery_sent_bytes_total", help: "Bytes of files sent to destinations.")
    seconds = registry.histogram(
      "airloom_delivery_upload_seconds", help: "How long a successful try took.",
      bounds: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400])
    sending = registry.gauge("airloom_delivery_uploads", help: "Uploads under way.")
  }

  func count(_ result: Result<Receipt, DeliveryError>, took: Duration) {
    switch result {
    case .success(let receipt):
      attempts.with("delivered").increment()
      bytes.increment(by: Int(clamping: receipt.bytesSent))
      seconds.observe(took.inSeconds)
    case .failure(let error): attempts.with(error.kind.rawValue).increment()
    }
  }

  func show(_ counts: [DeliveryState: Int], uploads: Int) {
    sending.set(uploads)
    show(counts)
  }

  private func show(_ counts: [DeliveryState: Int]) {
    for state in DeliveryState.allCases { states.with(state.rawValue).set(counts[state] ?? 0) }
  }
}
