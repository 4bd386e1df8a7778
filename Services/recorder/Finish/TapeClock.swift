import Base

/// Where in a file, which leaves out what the tape lacks, an instant of the tape lies. A value.
struct TapeClock: Hashable, Sendable {
  private let spans: [WindowAccount.Span]

  /// `spans`: what was read of the tape, by its labels; the file holds what of them lies in
  /// [start, end).
  init(_ spans: [WindowAccount.Span], from start: Instant, to end: Instant) {
    var joined: [WindowAccount.Span] = []
    for span in spans.sorted(by: { $0.start < $1.start }) {
      var span = span
      span.start = max(span.start, start, joined.last?.end ?? start)
      span.end = min(span.end, end)
      guard span.start < span.end else { continue }
      // Labels at a seam differ by about a millisecond; the file has no hole there.
      if let last = joined.last, span.start - last.end <= WindowAccount.seamTolerance {
        joined[joined.count - 1].end = span.end
      } else {
        joined.append(span)
      }
    }
    self.spans = joined
  }

  var length: Duration { spans.reduce(.zero) { $0 + ($1.end - $1.start) } }

  /// What lies in a hole is where the hole was left out.
  func offset(of instant: Instant) -> Duration {
    spans.reduce(.zero) { sum, span in
      sum + max(.zero, min(span.end, max(span.start, instant)) - span.start)
    }
  }
}
