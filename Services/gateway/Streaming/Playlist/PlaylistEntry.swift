import Base

/// One media segment of a playlist: a segment of the tape, or a piece of one that is longer than
/// the playlist's target.
struct PlaylistEntry: Hashable, Codable, Sendable {
  var segment: TapeSegment
  /// 0 ..< `pieces`
  var piece = 0
  var pieces = 1
  var seam = Seam.none
  /// Where the run of entries without a seam begins, which share one initialisation section.
  var run: Run

  /// How it follows the entry before it.
  enum Seam: String, Codable, Sendable {
    case none
    /// Time is missing between; the coding may go on.
    case hole
    /// Something else ends here: the recorder, the coding, or the frames' succession.
    case cut
  }

  struct Run: Hashable, Codable, Sendable {
    var node: NodeID
    var sequence: Int64
    var startUs: Int64
  }

  var startUs: Int64 { segment.startUs + segment.durationUs * Int64(piece) / Int64(pieces) }
  var endUs: Int64 { segment.startUs + segment.durationUs * Int64(piece + 1) / Int64(pieces) }
  var durationUs: Int64 { endUs - startUs }
}

extension PlaylistEntry {
  /// Whether players must begin anew here: where a hole is shown and the segments' clock is the
  /// tape's, they need not.
  func isDiscontinuity(showingGaps: Bool) -> Bool {
    switch seam {
    case .none: false
    case .hole: !showingGaps || !segment.isFramedAudio
    case .cut: true
    }
  }

  /// The entries of one segment, which follows `last`.
  static func entries(
    of segment: TapeSegment, after last: PlaylistEntry?, targetSeconds: Int
  ) -> [PlaylistEntry] {
    let seam = seam(from: last?.segment, to: segment)
    // Behind a hole the coding may be another, though it is called the same.
    let known = seam == .none ? last?.run : nil
    let run =
      known ?? Run(node: segment.node, sequence: segment.sequence, startUs: segment.startUs)
    let isRepeating = last.map { $0.segment.endUs - segment.startUs > TapeMerge.tolerance } ?? false
    // A playlist's target holds for the rounded durations (RFC 8216 §4.3.3.1). Where another
    // recorder's segment begins before the last one's end, little of it is heard twice.
    let longest = isRepeating ? 1_000_000 : Int64(targetSeconds) * 1_000_000 + 400_000
    let pieces =
      segment.isFramedAudio && segment.durationUs > longest
      ? Int((segment.durationUs + longest - 1) / longest) : 1
    var entries = (0..<pieces).map { piece in
      PlaylistEntry(segment: segment, piece: piece, pieces: pieces, run: run)
    }
    if isRepeating, let last, pieces > 1 {
      entries.removeAll { $0.endUs <= last.segment.endUs }
    }
    if !entries.isEmpty { entries[0].seam = seam }
    return entries
  }

  /// The first entry of a playlist follows nothing.
  private static func seam(from last: TapeSegment?, to next: TapeSegment) -> Seam {
    guard let last else { return .none }
    let isSameCoding =
      last.node == next.node && last.container == next.container && last.codec == next.codec
      && last.initialisation == next.initialisation
    if next.startUs - last.endUs > TapeMerge.tolerance { return isSameCoding ? .hole : .cut }
    return isSameCoding && next.isSeamless ? .none : .cut
  }
}
