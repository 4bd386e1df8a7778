import Base
import Media

/// How a segment follows the one before it on the tape.
enum Splice: String, Hashable, Sendable {
  /// The tape's first.
  case first
  /// The same connection went on.
  case continuous
  /// Joined after a reconnect or a restart where the frames match.
  case exact
  /// Joined by arrival time, or at one of several equal places.
  case ambiguous
  /// Audio is missing before it.
  case afterGap = "after-gap"
  /// The same audio goes on under other labels: the wall clock was stepped.
  case relabelled = "clock-stepped"
  /// The stream changed its format.
  case newFormat = "new-format"
}

/// One file of a tape, closed and never changed again.
struct Segment: Hashable, Sendable {
  var stream: StreamID
  var sequence: Int64
  /// The label of its first sample.
  var start: Instant
  var samples: Int64
  var frames: Int64
  var bytes: Int64
  var format: FrameFormat
  /// Below the tape folder.
  var path: String
  var splice: Splice
  var isRecovered = false

  var duration: Duration { format.duration(ofSamples: samples) }
  var end: Instant { start + duration }
}
