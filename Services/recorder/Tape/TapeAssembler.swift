import Base
import Media

/// Decides what becomes of each frame that a source sends: where a segment begins, how a new
/// connection is joined to the tape, what label everything has. A value; it does no I/O.
///
/// A connection's first frames are held back until it is clear where they belong: at once where
/// they match the tape's end and arrival agrees, at the latest when the arrival times have settled
/// (three seconds). Who carries this out stores them meanwhile (`heldBack`, `placed`). On an empty
/// tape, or one that ended long ago, nothing is held back.
struct TapeAssembler {
  enum Output {
    /// A segment begins with the frame at that position of the connection's sound; it follows the
    /// tape's last frame directly, or does not.
    case cut(position: Int64, joins: Bool)
    /// What follows goes into a new segment.
    case begin(start: Instant, format: FrameFormat, splice: Splice)
    case append(UnsafeRawBufferPointer, frames: Int, samples: Int64)
    /// The open segment's start is known better now.
    case relabel(Instant)
    /// Frames whose place is not known yet; by what is known now the first of them begins there.
    case heldBack(UnsafeRawBufferPointer, start: Instant, format: FrameFormat)
    /// Everything that was held back has been appended, or is on the tape already.
    case placed
    /// The tape goes on, certainly from here: what was missing before ends here.
    case contact(Instant)
    /// The sender left this span out without closing the connection.
    case leftOut(from: Instant, to: Instant)
    /// The wall clock was set: what would have had the one label has the other.
    case clockStepped(from: Instant, to: Instant)
  }

  typealias Emit = (Output) -> Void

  enum Mode {
    case disconnected
    /// A new connection; nothing has come yet.
    case fresh
    /// Frames that the tape has are coming again, these and in this order; so many have come.
    case replaying(known: [UInt64], matched: Int)
    case splicing
    /// Frames follow directly; so many are known already and are left out.
    case running(skip: Int)
  }

  /// Frames that wait for their place.
  struct Pending {
    var bytes: [UInt8] = []
    var frames: [FrameScanner.Frame] = []
    var samples: Int64 = 0
  }

  /// The run of frames without a seam that the tape ends with.
  struct Run {
    let format: FrameFormat
    var timeline: MediaTimeline
    /// Samples in the run so far.
    var position: Int64 = 0
    /// Whether it was told where the run begins.
    var isTold = false
  }

  struct OpenSegment {
    var start: Instant
    var samples: Int64 = 0
    /// It began the run, before labels had settled.
    var isProvisional: Bool
  }

  /// No server sends more of the past than this, so a tape that ended before is not searched.
  static let longestOverlap = Duration.seconds(60)

  /// The label of the tape's end; nil while it is empty.
  var end: Instant?

  let cut: SegmentCutPolicy
  var mode = Mode.disconnected
  var tail: FrameTail
  var tailFormat: FrameFormat?
  var run: Run?
  var segment: OpenSegment?
  var nextSplice = Splice.first
  var pending = Pending()
  var connection: MediaTimeline?
  /// Wall minus monotonic time when frames last came.
  var clockOffset: Duration?

  /// `tail`: the hashes of the tape's last frames, which end at `end`.
  init(
    tail: FrameTail = FrameTail(), format: FrameFormat? = nil, end: Instant? = nil,
    cut: SegmentCutPolicy = SegmentCutPolicy()
  ) {
    self.tail = tail
    tailFormat = format
    self.end = end
    self.cut = cut
  }

  /// Whether labels are final; false too while nothing runs.
  var isSettled: Bool { run?.timeline.isSettled ?? false }
  var format: FrameFormat? { run?.format ?? tailFormat }
  /// Frames that came and have no place yet.
  var heldBack: Int { pending.frames.count }

  mutating func connected() { mode = .fresh }

  /// A connection that goes on where this tape was made from: its first frames are the ones that
  /// the tape ends with, `known` by their hashes in order, and are left out exactly. Where they turn
  /// out to be others, the connection is joined like any other.
  mutating func connected(replaying known: [UInt64]) {
    mode = end == nil ? .fresh : .replaying(known: known, matched: 0)
  }

  /// The connection ended: what was held back is placed by what is known.
  mutating func disconnected(_ emit: Emit) {
    if case .splicing = mode { decide(isFinal: true, emit) }
    // Frames that came again are on the tape already.
    if case .replaying = mode { pending = Pending() }
    settleEarly(emit)
    segment = nil
    mode = .disconnected
    connection = nil
  }

  /// The segment was closed from outside; frames go on in another one.
  mutating func segmentClosed() { segment = nil }

  /// Takes the frames of one scan, whose bytes `window` holds.
  mutating func take(
    _ frames: [FrameScanner.Frame], _ window: UnsafeRawBufferPointer,
    arrival: MediaTimeline.Arrival, _ emit: Emit
  ) {
    guard let first = frames.first else { return }
    defer { clockOffset = arrival.clockOffset }
    var rest = frames[...]
    if case .replaying = mode { rest = replay(frames, window, arrival, emit) }
    guard !rest.isEmpty else { return }
    if case .fresh = mode { start(first.format, arrival, emit) }
    if case .splicing = mode,
      first.format.isSameBroadcast(as: pending.frames.first?.format ?? first.format)
    {
      hold(rest, window, arrival, emit)
      decide(isFinal: connection?.isSettled ?? true, emit)
      return
    }
    if case .splicing = mode { decide(isFinal: true, emit) }
    place(rest, window, arrival: arrival, emit)
  }
}
