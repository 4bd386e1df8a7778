import Base

/// Where a tape ends that still grows: says what may be told of it already. A value.
///
/// What was told in a playlist cannot be taken back, so whatever may yet come in between is waited
/// for: the next segment of the recorder that was followed so far, and what an HLS source still
/// lists of a hole.
struct TapeEdge {
  let now: Instant
  /// Of all recorders that answered.
  let gaps: [TapeGap]
  /// No other recorder can have anything of this.
  let isAlone: Bool
  /// How long what is missing is waited for.
  let patience: Duration

  /// Whether nothing can come any more between the end of what was told and a segment.
  func isSettled(_ next: TapeSegment, after last: TapeSegment?, from start: Instant) -> Bool {
    // A recorder captures in order: what it has first is the beginning.
    if last == nil, isAlone { return true }
    let end = last?.end ?? start
    let isMissing = next.start - end > .microseconds(TapeMerge.tolerance)
    let isOther = last.map { $0.node != next.node } ?? !isAlone
    if !isMissing, !isOther { return true }
    if !isOther, isAlone, isKnown(end, next.start) { return true }
    return now - (isMissing ? next.start : end) >= patience
  }

  /// Whether the recorder has given this span up.
  private func isKnown(_ start: Instant, _ end: Instant) -> Bool {
    gaps.contains { gap in
      guard let gapEnd = gap.endUs else { return false }
      return gap.startUs <= start.microseconds + TapeMerge.tolerance
        && gapEnd >= end.microseconds - TapeMerge.tolerance
    }
  }
}
