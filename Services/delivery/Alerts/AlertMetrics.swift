internal import Metrics

/// The numbers of alerts and their mails for Prometheus.
struct AlertMetrics: Sendable {
  private let open: Gauge
  private let dead: Gauge
  private let mails: MetricFamily<Counter>

  init(_ registry: MetricsRegistry) {
    open = registry.gauge("airloom_alerts_open", help: "Alerts whose trouble lasts.")
    dead = registry.gauge(
      "airloom_alerts_dead", help: "Alerts that could not be mailed and need a person.")
    mails = registry.counters(
      "airloom_alert_mails_total",
      help: "Mails that were tried, by outcome: sent, or the kind of failure.",
      labels: ["outcome"])
  }

  func show(_ counts: (open: Int, dead: Int)) {
    open.set(counts.open)
    dead.set(counts.dead)
  }

  func count(_ error: MailError?) {
    mails.with(error?.kind.rawValue ?? "sent").increment()
  }
}
