internal import Base
internal import Synchronization

/// How a quantity is spread: counts of values up to each of a few bounds, and their sum.
public final class Histogram: Sendable {
  /// For how long things take, in seconds: a millisecond to ten seconds.
  public static let secondsBounds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  struct Snapshot: Equatable {
    /// How many values were at most the bound at the same place; the last is of all values.
    var cumulative: [Int]
    var sum: Double
  }

  let bounds: [Double]
  private let state: Mutex<(counts: [Int], sum: Double)>

  public init(bounds: [Double] = Histogram.secondsBounds) {
    precondition(
      zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "a histogram's bounds must grow")
    self.bounds = bounds
    state = Mutex(([Int](repeating: 0, count: bounds.count + 1), 0))
  }

  public func observe(_ value: Double) {
    // Few bounds: a linear search is as quick as any.
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[index] += 1
      state.sum += value
    }
  }

  public func observe(_ duration: Duration) { observe(duration.inSeconds) }

  var snapshot: Snapshot {
    let (counts, sum) = state.withLock { $0 }
    var total = 0
    let cumulative = counts.map { count in
      total += count
      return total
    }
    return Snapshot(cumulative: cumulative, sum: sum)
  }
}
