internal import Synchronization

/// All metrics of a process, and their text for Prometheus.
///
/// Names follow Prometheus' conventions: `airloom_…`, base units, `_total` on counters. Asking
/// for a name that exists answers the same metrics, so that two components may share one.
public final class MetricsRegistry: Sendable {
  private struct Entry: Sendable {
    let help: String
    let type: String
    let family: any Sendable
    let lines: @Sendable () -> [String]
  }

  private struct Member<Metric> {
    /// The name with its labels.
    let series: String
    let values: [String]
    let metric: Metric
  }

  private let entries = Mutex<[String: Entry]>([:])

  public init() {}

  /// What `/metrics` says its content is.
  public static var contentType: String { MetricText.contentType }

  public func counters(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
    family(name, help, "counter", labels, make: Counter.init) { member in
      ["\(member.series) \(member.metric.value)"]
    }
  }

  public func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
    family(name, help, "gauge", labels, make: Gauge.init) { member in
      ["\(member.series) \(MetricText.number(member.metric.value))"]
    }
  }

  public func histograms(
    _ name: String, help: String, labels: [String], bounds: [Double] = Histogram.secondsBounds
  ) -> MetricFamily<Histogram> {
    let make = { @Sendable in Histogram(bounds: bounds) }
    return family(name, help, "histogram", labels, make: make) { member in
      MetricsRegistry.lines(name, member.metric, labels, member.values)
    }
  }

  public func counter(_ name: String, help: String) -> Counter {
    counters(name, help: help, labels: []).with()
  }

  public func gauge(_ name: String, help: String) -> Gauge {
    gauges(name, help: help, labels: []).with()
  }

  public func histogram(
    _ name: String, help: String, bounds: [Double] = Histogram.secondsBounds
  ) -> Histogram {
    histograms(name, help: help, labels: [], bounds: bounds).with()
  }

  /// A gauge that is asked for its value whenever it is read.
  public func gauge(_ name: String, help: String, value: @escaping @Sendable () -> Double) {
    register(
      name,
      Entry(help: help, type: "gauge", family: name) {
        ["\(name) \(MetricText.number(value()))"]
      })
  }

  /// As `gauge`, for a number that only grows.
  public func counter(_ name: String, help: String, value: @escaping @Sendable () -> Double) {
    register(
      name,
      Entry(help: help, type: "counter", family: name) {
        ["\(name) \(MetricText.number(value()))"]
      })
  }

  /// Everything, in the text format, sorted by name.
  public var text: String {
    let sorted = entries.withLock { $0 }.sorted { $0.key < $1.key }
    var text = ""
    for (name, entry) in sorted {
      text += "# HELP \(name) \(MetricText.escapedHelp(entry.help))\n"
      text += "# TYPE \(name) \(entry.type)\n"
      for line in entry.lines() { text += line + "\n" }
    }
    return text
  }

  private func family<Metric: Sendable>(
    _ name: String, _ help: String, _ type: String, _ labels: [String],
    make: @escaping @Sendable () -> Metric,
    lines: @escaping @Sendable (Member<Metric>) -> [String]
  ) -> MetricFamily<Metric> {
    precondition(labels.allSatisfy(MetricText.isLabelName), "a label of \(name) is misnamed")
    let family = MetricFamily(name: name, labelNames: labels, make: make)
    let entry = Entry(help: help, type: type, family: family) {
      family.all.flatMap { values, metric in
        let series = name + MetricText.labels(labels, values)
        return lines(Member(series: series, values: values, metric: metric))
      }
    }
    guard let kept = register(name, entry).family as? MetricFamily<Metric>,
      kept.labelNames == labels
    else { preconditionFailure("the metric \(name) exists with another type or other labels") }
    return kept
  }

  /// The entry that stands under the name: this one, or the one that was there.
  @discardableResult
  private func register(_ name: String, _ entry: Entry) -> Entry {
    precondition(MetricText.isName(name), "'\(name)' is no name for a metric")
    return entries.withLock { entries in
      if let known = entries[name] { return known }
      entries[name] = entry
      return entry
    }
  }

  private static func lines(
    _ name: String, _ metric: Histogram, _ labels: [String], _ values: [String]
  ) -> [String] {
    let snapshot = metric.snapshot
    let bounds = metric.bounds.map(MetricText.number) + ["+Inf"]
    let buckets = zip(bounds, snapshot.cumulative).map { bound, count in
      "\(name)_bucket\(MetricText.labels(labels, values, and: "le=\"\(bound)\"")) \(count)"
    }
    let plain = MetricText.labels(labels, values)
    return buckets + [
      "\(name)_sum\(plain) \(MetricText.number(snapshot.sum))",
      "\(name)_count\(plain) \(snapshot.cumulative.last ?? 0)",
    ]
  }
}
