import Base

/// Makes one line of time of what several recorders have of the same stream.
///
/// A segment wins over a gap. While one recorder's tape goes on it is followed, so that nothing is
/// cut or repeated without need; where it ends, the one that loses least goes on, and of those the
/// one that repeats least. A value; the same answers always make the same line, and answers that
/// grew at their ends make a line that grew at its end.
struct TapeMerge {
  /// Labels of what follows without a seam differ by no more, in microseconds.
  static let tolerance: Int64 = 100_000

  /// In order; each ends later than the one before it.
  private(set) var segments: [TapeSegment] = []

  /// `last`: the segment that the line is to go on from.
  init(_ answers: [TapeAnswer], after last: TapeSegment? = nil) {
    var tapes = answers.filter { !$0.segments.isEmpty }.sorted { $0.node < $1.node }
      .map { Tape(node: $0.node, segments: $0.segments.sorted(by: TapeMerge.isEarlier)) }
    segments.reserveCapacity(answers.map(\.segments.count).max() ?? 0)
    var previous = last
    while let next = TapeMerge.next(&tapes, after: previous) {
      segments.append(next)
      previous = next
    }
  }

  /// One recorder's segments and how far they have been dealt with.
  private struct Tape {
    let node: NodeID
    let segments: [TapeSegment]
    var position = 0

    var head: TapeSegment? { position < segments.count ? segments[position] : nil }
  }

  private static func next(_ tapes: inout [Tape], after last: TapeSegment?) -> TapeSegment? {
    for index in tapes.indices {
      while let head = tapes[index].head, let last, isCovered(head, by: last) {
        tapes[index].position += 1
      }
    }
    var best: (index: Int, segment: TapeSegment)?
    for index in tapes.indices {
      guard let head = tapes[index].head else { continue }
      if let known = best?.segment, !isBetter(head, than: known, after: last) { continue }
      best = (index, head)
    }
    guard let best else { return nil }
    tapes[best.index].position += 1
    return best.segment
  }

  /// Whether a segment adds nothing behind another.
  static func isCovered(_ segment: TapeSegment, by last: TapeSegment) -> Bool {
    segment.endUs <= last.endUs + min(tolerance, segment.durationUs / 2)
  }

  private static func isBetter(
    _ one: TapeSegment, than other: TapeSegment, after last: TapeSegment?
  ) -> Bool {
    guard let last else { return isEarlier(one, other) }
    if goesOn(one, last) != goesOn(other, last) { return goesOn(one, last) }
    // What is lost between, then what is heard twice.
    let lost = (max(0, one.startUs - last.endUs), max(0, other.startUs - last.endUs))
    if lost.0 != lost.1 { return lost.0 < lost.1 }
    if one.startUs != other.startUs { return one.startUs > other.startUs }
    return one.endUs > other.endUs
  }

  private static func goesOn(_ next: TapeSegment, _ last: TapeSegment) -> Bool {
    next.node == last.node && abs(next.startUs - last.endUs) <= tolerance
  }

  /// Of two that begin together the longer one.
  private static func isEarlier(_ one: TapeSegment, _ other: TapeSegment) -> Bool {
    if one.startUs != other.startUs { return one.startUs < other.startUs }
    return one.endUs != other.endUs ? one.endUs > other.endUs : one.sequence < other.sequence
  }
}
