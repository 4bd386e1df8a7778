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
  /// The station says that coding or timestamps begin anew (HLS); nothing is missing.
  case discontinuity
}

/// One file of a tape, closed and never changed again.
struct Segment: Hashable, Sendable {
  enum Content: Hashable, Sendable {
    case frames(FrameRun)
    case media(MediaContent)
  }

  var stream: StreamID
  var sequence: Int64
  /// The label of its first sample.
  var start: Instant
  var bytes: Int64
  var content: Content
  /// Below the tape folder.
  var path: String
  var splice: Splice
  var isRecovered = false
  /// `ByteDigest` of the file; nil where it is not known.
  var digest: UInt64?

  var duration: Duration {
    switch content {
    case .frames(let run): run.format.duration(ofSamples: run.samples)
    case .media(let media): media.duration
    }
  }
  var end: Instant { start + duration }

  /// nil where it is not made of bare frames.
  var run: FrameRun? { if case .frames(let run) = content { run } else { nil } }
  /// nil where it is made of bare frames.
  var media: MediaContent? { if case .media(let media) = content { media } else { nil } }
}

/// Bare frames of audio, one behind the other.
struct FrameRun: Hashable, Sendable {
  var format: FrameFormat
  /// Per channel.
  var samples: Int64
  /// Whole frames.
  var frames: Int64
}

/// A media segment of an HLS stream, as it was received.
struct MediaContent: Hashable, Sendable {
  var container: SegmentInspection.Container
  /// What its playlist said where that is plausible, else what its timestamps say.
  var duration: Duration
  /// RFC 6381; empty where nothing is known.
  var codecs: String
  /// Lines of the picture; nil where there is none.
  var height: Int?
  /// SHA-256 of the initialisation section that it needs, in hexadecimal digits.
  var initialisation: String?
  /// It can be played without the one before it.
  var isIndependent: Bool
  /// As the station numbers it.
  var mediaSequence: Int64
  var discontinuity: Int64
  /// What tells its address from others: `URIReference.identity`.
  var address: String
}

extension Segment {
  init(
    stream: StreamID, sequence: Int64, start: Instant, samples: Int64, frames: Int64,
    bytes: Int64, format: FrameFormat, path: String, splice: Splice, isRecovered: Bool = false,
    digest: UInt64? = nil
  ) {
    self.init(
      stream: stream, sequence: sequence, start: start, bytes: bytes,
      content: .frames(FrameRun(format: format, samples: samples, frames: frames)), path: path,
      splice: splice, isRecovered: isRecovered, digest: digest)
  }
}
