internal import Base

/// Decides how frames from a new connection go onto a tape that already has some of them.
///
/// A server sends a burst of the past when one connects, so the first frames of a connection are
/// often the last ones of the tape. The contract:
///
/// 1. An *alignment* of k says that the tape's last k frames are the first k of the new
///    connection. It holds where every pair is equal by hash, except that up to two frames at the
///    front of a run may differ (a frame found by chance while looking for sync).
/// 2. An alignment is *strong* when the new frames reach the tape's end and at least
///    `minimumRun` frames with at least `minimumDistinct` different hashes are equal: encoded
///    silence repeats a handful of frames for seconds, so equal frames alone prove nothing.
/// 3. A match that arrival contradicts is false: a test tone or a loop that goes on after a pause is
///    equal to the tape wherever one looks. While labels settle, arrival says that the overlap is
///    *at least* so much (more of the past may still come, as fast as the line is); an alignment with
///    less is false at once, one with much more has to wait. When they have settled it must agree.
/// 4. One strong alignment that agrees and no rival: the frames are joined there, exactly.
/// 5. Several: the one nearest to the place that the arrival times tell, marked ambiguous.
/// 6. None, and `isFinal`: a weak alignment (every frame equal, fewer or too uniform) within
///    `tolerance` of the place by arrival, marked ambiguous; else the place by arrival itself:
///    what overlaps by time is skipped (ambiguous), and where nothing overlaps there is a gap of
///    the estimated length.
///
/// How far arrival may be off: `tolerance` where the tape is known to repeat itself. Else the more of
/// the tape is known the more a match proves, because a shorter loop would have shown: a tenth of the
/// tail, up to `plausibility`, which two relays of one station may be apart.
public struct SplicePolicy: Sendable {
  public enum Certainty: Hashable, Sendable {
    case exact
    /// Placed by time, or one of several equal places; within a fraction of a second.
    case ambiguous
  }

  public enum Decision: Hashable, Sendable {
    /// Ask again with more frames, or with `isFinal` when the arrival times have settled.
    case wait
    /// The frame after the first `skip` new ones follows the tape's last frame directly. `skip`
    /// may be more than have come.
    case join(skip: Int, certainty: Certainty)
    /// Nothing of the tape was found: the first new frame comes this long after the tape's end.
    case gap(Duration)
  }

  public var minimumRun = 8
  public var minimumDistinct = 3
  public var tolerance = Duration.seconds(1)
  public var plausibility = Duration.seconds(3)

  /// The tape's last frames, oldest first; empty where the formats differ.
  private let tail: [UInt64]
  private let frameDuration: Duration

  public init(tail: [UInt64], frameDuration: Duration) {
    precondition(frameDuration > .zero)
    self.tail = tail
    self.frameDuration = frameDuration
  }

  /// `incoming`: the hashes of all frames of the new connection so far. `overlapByArrival`: label
  /// of the tape's end minus label of the first new frame (negative where time is missing), nil
  /// where nothing is known. `isFinal`: the new labels have settled; `wait` is no answer any more.
  public func decide(
    incoming: [UInt64], overlapByArrival overlap: Duration?, isFinal: Bool
  ) -> Decision {
    let alignments = alignments(of: incoming)
    let matches = alignments.filter { $0.isLongEnough(minimumRun, minimumDistinct) }
    let limit = matches.count > 1 ? tolerance : reach
    let rivals = matches.filter { !isContradicted($0, overlap, isFinal, limit: limit) }
    let strong = rivals.filter { $0.compared == $0.overlap }
    if let only = strong.first, rivals.count == 1, agrees(only, overlap, limit: limit) {
      return .join(skip: only.overlap, certainty: .exact)
    }
    guard isFinal else { return .wait }
    if let overlap, let nearest = nearest(strong.isEmpty ? rivals : strong, to: overlap) {
      return .join(skip: nearest.overlap, certainty: .ambiguous)
    }
    return placeByArrival(alignments, overlap)
  }

  /// How far from the place by arrival a single match is believed.
  private var reach: Duration {
    min(plausibility, max(tolerance, frameDuration * tail.count / 10))
  }

  private func agrees(_ alignment: Alignment, _ overlap: Duration?, limit: Duration) -> Bool {
    overlap.map { distance(alignment, $0) <= limit } ?? true
  }

  private func isContradicted(
    _ alignment: Alignment, _ overlap: Duration?, _ isFinal: Bool, limit: Duration
  ) -> Bool {
    guard let overlap else { return false }
    let excess = frameDuration * alignment.overlap - overlap
    return excess < .zero - limit || (isFinal && excess > limit)
  }

  private func placeByArrival(_ alignments: [Alignment], _ overlap: Duration?) -> Decision {
    guard let overlap else { return .gap(.zero) }
    if let nearest = nearest(alignments.filter { $0.mismatches == 0 }, to: overlap),
      distance(nearest, overlap) <= tolerance
    {
      return .join(skip: nearest.overlap, certainty: .ambiguous)
    }
    if overlap <= .zero { return .gap(.zero - overlap) }
    let frames =
      (overlap.nanoseconds + frameDuration.nanoseconds / 2) / frameDuration.nanoseconds
    return .join(skip: Int(frames), certainty: .ambiguous)
  }

  private struct Alignment {
    /// Frames that both have, if it is true.
    let overlap: Int
    /// Frames compared: fewer than `overlap` while the new ones do not reach the tape's end.
    let compared: Int
    let mismatches: Int
    let distinct: Int

    var run: Int { compared - mismatches }
    func isLongEnough(_ run: Int, _ distinct: Int) -> Bool {
      self.run >= run && self.distinct >= distinct
    }
  }

  private func alignments(of incoming: [UInt64]) -> [Alignment] {
    guard !incoming.isEmpty, !tail.isEmpty else { return [] }
    var found: [Alignment] = []
    for overlap in 1...tail.count {
      let compared = min(overlap, incoming.count)
      let start = tail.count - overlap
      // From the far end backwards: differences are allowed at the front only.
      var equal = 0
      while equal < compared,
        incoming[compared - 1 - equal] == tail[start + compared - 1 - equal]
      {
        equal += 1
      }
      let mismatches = compared - equal
      guard equal > 0, mismatches <= 2 else { continue }
      found.append(
        Alignment(
          overlap: overlap, compared: compared, mismatches: mismatches,
          distinct: distinctCount(incoming[mismatches..<compared])))
    }
    return found
  }

  /// Different hashes, counted only as far as it matters.
  private func distinctCount(_ run: ArraySlice<UInt64>) -> Int {
    var seen: [UInt64] = []
    for hash in run where !seen.contains(hash) {
      seen.append(hash)
      if seen.count >= minimumDistinct { break }
    }
    return seen.count
  }

  private func distance(_ alignment: Alignment, _ overlap: Duration) -> Duration {
    let difference = frameDuration * alignment.overlap - overlap
    return difference < .zero ? .zero - difference : difference
  }

  private func nearest(_ alignments: [Alignment], to overlap: Duration) -> Alignment? {
    alignments.min { distance($0, overlap) < distance($1, overlap) }
  }
}
