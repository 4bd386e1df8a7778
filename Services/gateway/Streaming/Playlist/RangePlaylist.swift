import Base

/// The playlist of a span of the tape, from its beginning to its end or to now.
///
/// While the span still runs it is an EVENT, which grows at its end only; once nothing can come any
/// more it ends. A value: the same tape makes the same playlist.
struct RangePlaylist {
  /// How long after the span's end something may still come: a recorder holds a segment open for some
  /// seconds, and an HLS source lists what it has for minutes.
  static let settling = Duration.seconds(180)

  let stream: StreamID
  let from: Instant
  let to: Instant

  /// How long something that is missing is waited for while the span runs. Nothing is remembered of
  /// what was told, so this is more than the longest segment that a recorder holds open.
  static let patience = Duration.seconds(45)

  enum Outcome: Equatable {
    case playlist([UInt8], isComplete: Bool)
    /// Nothing is there, and why.
    case nothing(String)
  }

  /// `segments`: the merged tape, whatever of it overlaps the span. `isPartial`: a recorder that may
  /// have more did not answer.
  func make(
    _ segments: [TapeSegment], edge: TapeEdge, isPartial: Bool, style: PlaylistStyle
  ) -> Outcome {
    let inside = segments.filter { $0.end > from && $0.start < to && $0.durationUs > 0 }
    let isComplete = !isPartial && isOver(inside, edge.now)
    let target = LiveLine.target(for: inside)
    var entries: [PlaylistEntry] = []
    entries.reserveCapacity(inside.count)
    for segment in inside {
      if !isComplete,
        !edge.isSettled(segment, after: entries.last?.segment, from: min(from, segment.start))
      {
        break
      }
      entries += PlaylistEntry.entries(of: segment, after: entries.last, targetSeconds: target)
    }
    // Pieces of long segments that lie outside.
    entries.removeAll { $0.endUs <= from.microseconds || $0.startUs >= to.microseconds }
    guard let first = entries.first else { return .nothing(absence(edge.gaps, edge.now)) }
    let before = max(0, from.microseconds - first.startUs)
    let head = PlaylistWriter.Head(
      type: isComplete ? "VOD" : "EVENT",
      startOffset: before > 0 || !isComplete ? Double(before) / 1e6 : nil, isComplete: isComplete)
    let writer = PlaylistWriter(stream: stream, style: style, targetSeconds: target)
    return .playlist(writer.bytes(entries, head), isComplete: isComplete)
  }

  private func isOver(_ inside: [TapeSegment], _ now: Instant) -> Bool {
    guard now >= to else { return false }
    return now - to >= RangePlaylist.settling || inside.last.map { $0.end >= to } ?? false
  }

  private func absence(_ gaps: [TapeGap], _ now: Instant) -> String {
    if from > now { return "This time of '\(stream)' is still to come." }
    let span = "between \(RangePlaylist.text(from)) and \(RangePlaylist.text(to))"
    let overlapping = gaps.filter {
      $0.startUs < to.microseconds && ($0.endUs ?? .max) > from.microseconds
    }
    if let gap = overlapping.first {
      return "Nothing of '\(stream)' was captured \(span): \(gap.detail)"
    }
    if now < to + RangePlaylist.settling {
      return "Nothing of '\(stream)' has come \(span) so far."
    }
    return "Nothing of '\(stream)' was captured \(span); nobody had wanted it."
  }

  private static func text(_ instant: Instant) -> String { instant.formatted() + "Z" }
}
