import Base
import Messages

/// The ledger of a tape, or of a piece of it: every microsecond in which the plan wanted the stream is
/// captured or a gap with a cause, and the two add up to wall time. A value, made of rows alone.
struct LedgerAccount: Hashable, Sendable {
  struct Span: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
      case captured
      case gap(cause: Gap.Cause, detail: String)
    }

    var start: Instant
    var end: Instant
    var kind: Kind

    var duration: Duration { end - start }
    var gap: Gap? {
      guard case .gap(let cause, let detail) = kind else { return nil }
      return Gap(start: start, end: end, cause: cause, detail: detail)
    }
  }

  /// Labels follow the sender's clock, so that segments without a seam lie up to two milliseconds
  /// apart; what is less than a frame is not missing.
  static let seam = Duration.milliseconds(10)
  /// What nothing explains beside something that is explained is the time it took to notice.
  static let notice = Duration.seconds(1)
  /// From wanting a stream to its first sound; what takes longer has been told as an outage.
  static let connecting = Duration.seconds(15)

  /// In order, side by side as far as the stream was wanted without a break.
  let spans: [Span]
  let wanted: Duration
  let captured: Duration

  var missing: Duration { wanted - captured }
  var unexplained: [Gap] { spans.compactMap(\.gap).filter { $0.cause == .unknown } }

  /// `wanted`: when the plan wanted the stream. `captured`: segments, by their labels. `gaps`: what is
  /// known of times without sound, later entries counting more; sound counts more than any of them.
  init(wanted: [TimeSpan], captured: [TimeSpan], gaps: [Gap]) {
    let starts = Set(wanted.map(\.start))
    let wanted = wanted.united()
    let sound = captured.united(within: LedgerAccount.seam)
    let holes = wanted.subtracting(sound)
    var spans = wanted.subtracting(holes).map {
      Span(start: $0.start, end: $0.end, kind: .captured)
    }
    for hole in holes {
      let pieces = LedgerAccount.explain(
        hole, gaps.filter { $0.start < hole.end && $0.end > hole.start }, starts)
      spans += LedgerAccount.settle(pieces, starts)
    }
    self.spans = spans.sorted { $0.start < $1.start }
    self.wanted = wanted.total
    self.captured = wanted.total - holes.total
  }

  /// Cuts the hole where causes begin and end, and where the stream was wanted anew; nil where there
  /// is no cause.
  private static func explain(
    _ hole: TimeSpan, _ gaps: [Gap], _ starts: Set<Instant>
  ) -> [(TimeSpan, Gap?)] {
    let inside = starts.union(gaps.flatMap { [$0.start, $0.end] })
    let edges = inside.filter { $0 > hole.start && $0 < hole.end }
    let points = [hole.start] + edges.sorted() + [hole.end]
    return zip(points, points.dropFirst()).map { from, to in
      (TimeSpan(start: from, end: to), gaps.last { $0.start <= from && $0.end >= to })
    }
  }

  /// Gives every piece a cause, and joins neighbours of one.
  private static func settle(
    _ pieces: [(TimeSpan, Gap?)], _ starts: Set<Instant>
  ) -> [Span] {
    var spans: [Span] = []
    for (index, (span, known)) in pieces.enumerated() {
      let isNotice = span.duration < notice
      let neighbour =
        isNotice
        ? pieces[..<index].last?.1 ?? pieces[(index + 1)...].first { $0.1 != nil }?.1 : nil
      let kind: Span.Kind
      if let cause = known ?? neighbour {
        kind = .gap(cause: cause.cause, detail: cause.detail)
      } else if starts.contains(span.start), span.duration < connecting {
        kind = .gap(cause: .sourceUnreachable, detail: "The connection was being made.")
      } else {
        kind = .gap(cause: .unknown, detail: "Nothing tells why there is no sound.")
      }
      if let last = spans.last, last.kind == kind {
        spans[spans.count - 1].end = span.end
      } else {
        spans.append(Span(start: span.start, end: span.end, kind: kind))
      }
    }
    return spans
  }
}
