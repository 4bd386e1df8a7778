internal import Messages
internal import Metrics
internal import Storage

/// What the scheduler counts, for /metrics.
struct SchedulerMetrics: Sendable {
  private let changes: MetricFamily<Counter>
  private let unfinished: MetricFamily<Gauge>
  let schedules: Gauge
  let presentRecorders: Gauge
  let silentRecorders: Gauge
  let setsSent: Counter
  let steps: Histogram

  init(_ registry: MetricsRegistry) {
    changes = registry.counters(
      "airloom_scheduler_recording_changes_total",
      help: "Changes of recordings, by the state that they are in afterwards.", labels: ["state"])
    unfinished = registry.gauges(
      "airloom_scheduler_unfinished_recordings",
      help: "Recordings that have not ended, by state.", labels: ["state"])
    schedules = registry.gauge(
      "airloom_scheduler_schedules", help: "Schedules that will start something again.")
    let recorders = registry.gauges(
      "airloom_scheduler_recorders", help: "Recorders that were ever heard, by presence.",
      labels: ["presence"])
    presentRecorders = recorders.with("present")
    silentRecorders = recorders.with("silent")
    setsSent = registry.counter(
      "airloom_scheduler_sets_sent_total", help: "Desired sets sent to recorders.")
    steps = registry.histogram(
      "airloom_scheduler_step_seconds", help: "How long a step of planning took.")
    for state in RecordingState.allCases {
      _ = changes.with(state.rawValue)
      if !state.isFinal { unfinished.with(state.rawValue).set(0) }
    }
  }

  /// Counts a change once it is on disk.
  func count(_ state: RecordingState, _ transaction: Transaction) {
    let counter = changes.with(state.rawValue)
    transaction.afterCommit { counter.increment() }
  }

  func setUnfinished(_ counts: [RecordingState: Int]) {
    for state in RecordingState.allCases where !state.isFinal {
      unfinished.with(state.rawValue).set(counts[state] ?? 0)
    }
  }
}
