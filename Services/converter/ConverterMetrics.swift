internal import Base
internal import Messages
internal import Metrics

/// The converter's numbers for Prometheus.
struct ConverterMetrics: Sendable {
  private let states: MetricFamily<Gauge>
  private let changes: MetricFamily<Counter>
  private let tries: MetricFamily<Counter>
  private let mediaSeconds: Counter
  private let seconds: Histogram
  let working: Gauge
  let scan: Gauge
  let known: Gauge

  init(_ registry: MetricsRegistry) {
    states = registry.gauges(
      "airloom_converter_drops", help: "Drops by state.", labels: ["state"])
    changes = registry.counters(
      "airloom_converter_changes_total",
      help: "Changes of drops, by the state that they are in afterwards.", labels: ["state"])
    tries = registry.counters(
      "airloom_converter_tries_total",
      help: "Tries that ended, by outcome: converted, or the kind of failure.",
      labels: ["outcome"])
    mediaSeconds = registry.counter(
      "airloom_converter_media_seconds_total", help: "Length of what was converted, in seconds.")
    seconds = registry.histogram(
      "airloom_converter_conversion_seconds", help: "How long a successful try took.",
      bounds: [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200])
    working = registry.gauge("airloom_converter_working", help: "Conversions under way.")
    scan = registry.gauge(
      "airloom_converter_scan_seconds", help: "How long the last look through the folders took.")
    known = registry.gauge(
      "airloom_converter_files", help: "Drops that the last look through the folders found.")
  }

  func entered(_ state: ConversionState) { changes.with(state.rawValue).increment() }

  func show(_ counts: [ConversionState: Int]) {
    for state in ConversionState.allCases { states.with(state.rawValue).set(counts[state] ?? 0) }
  }

  func succeeded(mediaUs: Int64, took: Duration) {
    tries.with("converted").increment()
    mediaSeconds.increment(by: Int(mediaUs / 1_000_000))
    seconds.observe(took.inSeconds)
  }

  func failed(_ kind: ConverterError.Kind) { tries.with(kind.rawValue).increment() }
}
