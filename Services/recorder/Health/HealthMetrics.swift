import Base
import Metrics

/// What the recorder's health is measured by, for /metrics.
struct HealthMetrics: Sendable {
  let health: MetricFamily<Gauge>
  let diskFree: Gauge
  let tapeGrowth: Gauge
  /// -1 where it is not foreseen.
  let diskRemaining: Gauge
  let diskLevel: Gauge
  let memoryShort: Gauge
  let writeLatency: Histogram
  let ballastReleases: Counter
  let removedBytes: MetricFamily<Counter>

  init(_ registry: MetricsRegistry) {
    health = registry.gauges(
      "airloom_stream_health", help: "How well each stream is captured, 0 to 100.",
      labels: ["stream"])
    diskFree = registry.gauge(
      "airloom_tape_disk_free_bytes", help: "Free bytes of the tapes' disk.")
    tapeGrowth = registry.gauge(
      "airloom_tape_growth_bytes_per_second", help: "How fast tapes grow.")
    diskRemaining = registry.gauge(
      "airloom_tape_disk_full_in_seconds",
      help: "When the tapes' disk will be full at the rate of the last hour; -1: not foreseen.")
    diskLevel = registry.gauge(
      "airloom_tape_disk_level",
      help: "Room on the tapes' disk: 0 fine, 1 warned, 2 below the reserve, 3 below half of it.")
    memoryShort = registry.gauge(
      "airloom_memory_short", help: "1 while finishing waits because memory is short.")
    writeLatency = registry.histogram(
      "airloom_tape_write_seconds", help: "How long writes and syncs of tapes take.")
    ballastReleases = registry.counter(
      "airloom_tape_ballast_releases_total",
      help: "Pieces of the reserved space that were given to tapes on a full disk.")
    removedBytes = registry.counters(
      "airloom_tape_removed_bytes_total", help: "Bytes of tapes that were not kept, by reason.",
      labels: ["reason"])
  }
}
