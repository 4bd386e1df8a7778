import Base

/// The account of a span of a merged tape, for the page: what is there, and what was wanted and is
/// not, with its cause.
struct TapeAccount: Encodable, Sendable {
  struct Span: Encodable, Hashable, Sendable {
    var start: Instant
    var end: Instant
  }

  struct Hole: Encodable, Hashable, Sendable {
    var start: Instant
    /// nil while it lasts.
    var end: Instant?
    var cause: String
    var detail: String
  }

  let from: Instant
  let to: Instant
  private(set) var spans: [Span] = []
  private(set) var gaps: [Hole] = []
  /// Why there may be more than is told here, in one sentence.
  var problem: String?

  init(_ segments: [TapeSegment], _ answers: [TapeAnswer], from: Instant, to: Instant) {
    self.from = from
    self.to = to
    for segment in segments where segment.end > from && segment.start < to {
      let start = max(segment.start, from)
      let end = min(segment.end, to)
      if let last = spans.last, start <= last.end + .microseconds(TapeMerge.tolerance) {
        spans[spans.count - 1].end = max(last.end, end)
      } else {
        spans.append(Span(start: start, end: end))
      }
    }
    gaps = answers.flatMap(\.gaps).flatMap(remainders).sorted { $0.start < $1.start }
    joinRepeats()
  }

  /// What of a gap no span covers: another recorder may have what this one lacks.
  private func remainders(_ gap: TapeGap) -> [Hole] {
    var holes: [Hole] = []
    var start = max(Instant(microseconds: gap.startUs), from)
    let end = min(gap.endUs.map { Instant(microseconds: $0) } ?? to, to)
    func add(until limit: Instant, isOpen: Bool = false) {
      guard limit - start > .microseconds(TapeMerge.tolerance) else { return }
      holes.append(
        Hole(start: start, end: isOpen ? nil : limit, cause: gap.cause, detail: gap.detail))
    }
    for span in spans where span.end > start && span.start < end {
      add(until: span.start)
      start = max(start, span.end)
    }
    add(until: end, isOpen: gap.endUs == nil)
    return holes
  }

  /// Two recorders that lack the same are one gap.
  private mutating func joinRepeats() {
    var joined: [Hole] = []
    for gap in gaps {
      if let last = joined.last, last.end.map({ $0 > gap.start }) ?? true {
        if let lastEnd = last.end {
          joined[joined.count - 1].end = gap.end.map { max($0, lastEnd) }
        }
      } else {
        joined.append(gap)
      }
    }
    gaps = joined
  }
}
