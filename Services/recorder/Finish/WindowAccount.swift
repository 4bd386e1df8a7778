import Base
import Messages

/// The ledger of one window: every microsecond of it is captured or a gap with a cause, and the two
/// add up to its length. A value.
struct WindowAccount {
  /// A span of the tape that was read, by its labels.
  struct Span: Hashable, Sendable {
    var start: Instant
    var end: Instant
  }

  /// Labels are exact to about 2 ms at the seams of segments (they follow the sender's clock), and
  /// frames that belong to a window by their start may leave out up to one frame at its edges.
  static let seamTolerance = Duration.milliseconds(10)

  private(set) var gaps: [Gap]
  private(set) var captured: Duration
  private(set) var lost: Duration

  /// `causes`: what is known of the time when nothing was captured, later entries counting more.
  /// `frame`: the longest frame in the window. `receivedAt`: when the recorder first heard of it.
  init(
    start: Instant, end: Instant, spans: [Span], causes: [Gap], frame: Duration,
    receivedAt: Instant
  ) {
    var holes: [Span] = []
    var reached = start
    for span in spans.sorted(by: { $0.start < $1.start }) where span.end > start {
      let isEdge = reached == start
      let tolerance =
        isEdge ? frame + WindowAccount.seamTolerance : WindowAccount.seamTolerance
      if span.start >= end { break }
      if span.start - reached > tolerance { holes.append(Span(start: reached, end: span.start)) }
      reached = max(reached, span.end)
    }
    if end - reached > frame + WindowAccount.seamTolerance {
      holes.append(Span(start: reached, end: end))
    }
    gaps = holes.flatMap { WindowAccount.explain($0, causes, receivedAt) }
    lost = gaps.reduce(.zero) { $0 + ($1.end - $1.start) }
    captured = end - start - lost
  }

  /// Something else that is missing from there to there.
  mutating func add(_ gap: Gap) {
    gaps.append(gap)
    gaps.sort { $0.start < $1.start }
    lost += gap.end - gap.start
    captured -= gap.end - gap.start
  }

  /// Cuts the hole where causes begin and end.
  private static func explain(_ hole: Span, _ causes: [Gap], _ receivedAt: Instant) -> [Gap] {
    let edges = causes.flatMap { [$0.start, $0.end] } + [receivedAt]
    let inside = Set(edges).filter { $0 > hole.start && $0 < hole.end }.sorted()
    let points = [hole.start] + inside + [hole.end]
    let pieces = zip(points, points.dropFirst()).map { from, to in
      cause(of: Span(start: from, end: to), causes, receivedAt)
    }
    return merge(pieces)
  }

  private static func cause(_ piece: Span, _ known: Gap?, _ receivedAt: Instant) -> Gap {
    if let known {
      return Gap(start: piece.start, end: piece.end, cause: known.cause, detail: known.detail)
    }
    if piece.end <= receivedAt {
      return Gap(
        start: piece.start, end: piece.end, cause: .plannedLate,
        detail: "The recording was asked for when its window had already begun.")
    }
    return Gap(
      start: piece.start, end: piece.end, cause: .recorderDown,
      detail: "The recorder was not running.")
  }

  private static func cause(of piece: Span, _ causes: [Gap], _ receivedAt: Instant) -> Gap {
    cause(
      piece, causes.last { $0.start <= piece.start && $0.end >= piece.end }, receivedAt)
  }

  /// Neighbours of one cause become one gap; an unexplained sliver beside an explained gap is the
  /// time it took to notice, and belongs to it.
  private static func merge(_ pieces: [Gap]) -> [Gap] {
    var merged: [Gap] = []
    for piece in pieces {
      guard let last = merged.last else {
        merged.append(piece)
        continue
      }
      let isSame = last.cause == piece.cause && last.detail == piece.detail
      if isSame || isSliver(piece) {
        merged[merged.count - 1].end = piece.end
      } else if isSliver(last) {
        merged[merged.count - 1] = piece
        merged[merged.count - 1].start = last.start
      } else {
        merged.append(piece)
      }
    }
    return merged
  }

  private static func isSliver(_ gap: Gap) -> Bool {
    gap.cause == .recorderDown && gap.end - gap.start < .seconds(1)
  }
}
