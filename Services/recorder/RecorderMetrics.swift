import Base
import Messages
import Metrics

/// What the recorder counts, for /metrics.
struct RecorderMetrics: Sendable {
  let lateness: Histogram
  let segments: Counter
  let tapeBytes: Counter
  let outages: MetricFamily<Counter>
  /// What was wrong with sources that brought something, by the rung of the ladder.
  let findings: MetricFamily<Counter>
  let takeovers: Counter
  let recordings: MetricFamily<Counter>
  /// Audio that finished recordings lack.
  let lostMilliseconds: Counter
  let unexplainedMilliseconds: Counter
  let active: Gauge
  let capturing: Gauge
  let heldSeconds: Gauge
  let planned: MetricFamily<Gauge>

  init(_ registry: MetricsRegistry) {
    lateness = registry.histogram(
      "airloom_recording_start_lateness_seconds",
      help: "How long after its start a planned recording's window was opened.")
    segments = registry.counter(
      "airloom_tape_segments_total", help: "Segments that were closed and entered.")
    tapeBytes = registry.counter(
      "airloom_tape_bytes_total", help: "Bytes of the segments that were closed and entered.")
    outages = registry.counters(
      "airloom_capture_outages_total", help: "Times that a stream gave nothing, by cause.",
      labels: ["cause"])
    findings = registry.counters(
      "airloom_capture_findings_total",
      help: "Times that a source that brought something was found not to be well, by what it was.",
      labels: ["finding"])
    takeovers = registry.counter(
      "airloom_capture_takeovers_total",
      help: "Times that another connection took the place of one that still brought something.")
    recordings = registry.counters(
      "airloom_recorder_recordings_total", help: "Recordings that came to an end, by result.",
      labels: ["result"])
    lostMilliseconds = registry.counter(
      "airloom_recordings_lost_milliseconds_total",
      help: "Audio that finished recordings lack, in milliseconds.")
    unexplainedMilliseconds = registry.counter(
      "airloom_ledger_unknown_milliseconds_total",
      help: "Wanted time that is neither captured nor a gap with a known cause: a defect.")
    active = registry.gauge("airloom_captures_active", help: "Streams that are wanted now.")
    capturing = registry.gauge("airloom_captures_receiving", help: "Streams that bring frames now.")
    heldSeconds = registry.gauge(
      "airloom_tape_held_seconds", help: "Audio in memory that the disk does not take yet.")
    planned = registry.gauges(
      "airloom_recorder_recordings", help: "Recordings that are not over, by phase.",
      labels: ["phase"])
  }
}
