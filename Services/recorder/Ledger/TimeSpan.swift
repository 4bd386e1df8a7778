import Base

/// Wall time from one instant to another, the second not part of it.
struct TimeSpan: Hashable, Sendable {
  var start: Instant
  var end: Instant

  var duration: Duration { end - start }

  func clamped(from: Instant, to: Instant) -> TimeSpan? {
    let span = TimeSpan(start: max(start, from), end: min(end, to))
    return span.start < span.end ? span : nil
  }
}

extension [TimeSpan] {
  /// In order, none overlapping another; those that lie within `tolerance` of each other are one.
  func united(within tolerance: Duration = .zero) -> [TimeSpan] {
    var united: [TimeSpan] = []
    for span in sorted(by: { $0.start < $1.start }) where span.start < span.end {
      if let last = united.last, span.start - last.end <= tolerance {
        united[united.count - 1].end = Swift.max(last.end, span.end)
      } else {
        united.append(span)
      }
    }
    return united
  }

  /// What of these spans the others leave over. Both in order, without overlaps.
  func subtracting(_ others: [TimeSpan]) -> [TimeSpan] {
    var rest: [TimeSpan] = []
    var next = 0
    for span in self {
      var start = span.start
      while next < others.count, others[next].end <= start { next += 1 }
      var index = next
      while index < others.count, others[index].start < span.end {
        if others[index].start > start {
          rest.append(TimeSpan(start: start, end: others[index].start))
        }
        start = Swift.max(start, others[index].end)
        index += 1
      }
      if start < span.end { rest.append(TimeSpan(start: start, end: span.end)) }
    }
    return rest
  }

  var total: Duration { reduce(.zero) { $0 + $1.duration } }
}
