public import Base

/// Says at which frame edge a new segment begins: the first edge at or after each point of the UTC
/// grid (every `interval` from midnight), by media time.
///
/// A segment is never shorter than half the interval on purpose, so the first one of a run may last
/// up to one and a half. While labels have not settled nothing is cut, since a label could not be
/// set right afterwards; up to a limit, so that memory stays bounded.
public struct SegmentCutPolicy: Sendable {
  public let interval: Duration
  /// Where the labels do not move on, cut after this much audio all the same.
  public var longest: Duration { interval * 4 }
  /// More than any server's burst: some send half a minute at once.
  public var longestUnsettled: Duration { interval * 30 }

  public init(interval: Duration = .seconds(4)) {
    precondition(interval >= .milliseconds(100), "a segment lasts at least 100 ms")
    self.interval = interval
  }

  /// Whether a frame labelled `frame` begins a new segment, the open one being labelled `segment`
  /// and holding `held` of audio.
  public func isCut(segment: Instant, held: Duration, frame: Instant, isSettled: Bool) -> Bool {
    guard isSettled else { return held >= longestUnsettled }
    if held >= longest { return true }
    let earliest = segment + interval / 2
    return frame >= earliest && gridIndex(frame) > gridIndex(earliest, strictlyBefore: true)
  }

  /// How many grid points lie at or before the instant (or strictly before it).
  private func gridIndex(_ instant: Instant, strictlyBefore: Bool = false) -> Int64 {
    let step = interval.microseconds
    let value = instant.microseconds - (strictlyBefore ? 1 : 0)
    let quotient = value / step
    return value % step < 0 ? quotient - 1 : quotient
  }
}
