internal import Synchronization

/// All metrics of one name, told apart by the values of its labels.
///
/// Keep what `with` returns where it is used often: finding it again takes a lock and a hash.
public final class MetricFamily<Metric: Sendable>: Sendable {
  let name: String
  let labelNames: [String]
  private let make: @Sendable () -> Metric
  private let members = Mutex<[[String]: Metric]>([:])

  init(name: String, labelNames: [String], make: @escaping @Sendable () -> Metric) {
    self.name = name
    self.labelNames = labelNames
    self.make = make
  }

  /// The metric with these label values, in the order of the labels' names. Values must come from
  /// a small set (streams, results), never from outside (URLs, titles): each is kept for ever.
  public func with(_ values: String...) -> Metric {
    precondition(
      values.count == labelNames.count,
      "\(name) has \(labelNames.count) labels, not \(values.count)")
    return members.withLock { members in
      if let known = members[values] { return known }
      let metric = make()
      members[values] = metric
      return metric
    }
  }

  /// Forgets the metric of something that is no more.
  public func remove(_ values: String...) {
    members.withLock { _ = $0.removeValue(forKey: values) }
  }

  /// Sorted by label values, so that two readings can be compared.
  var all: [(values: [String], metric: Metric)] {
    members.withLock { members in
      members.map { (values: $0.key, metric: $0.value) }
        .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
  }
}
