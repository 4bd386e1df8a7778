import Base
import Media
import Messages

/// Decides what becomes of the chunks of an endless transport stream: where a segment begins, where
/// it belongs, what of a new connection the tape already has. A value; it does no I/O.
///
/// Segments end on the tape's grid, at the first chunk's edge there. A connection's first chunks are
/// held back until the arrival times have settled (three seconds). Then those whose bytes the tape has
/// are left out; where there are none such (a sender that makes its packets anew for every listener),
/// those that lie before the tape's end by their time are. Of a connection that outlived an earlier
/// process it is known which chunks come again: they are counted off, and nothing is held back.
struct TransportAssembler {
  struct Whole: Sendable {
    var start: Instant
    var duration: Duration
    var bytes: [UInt8]
    var splice: Splice
  }

  enum Output {
    /// A segment begins with the chunk at that position of the connection; it follows the tape's end
    /// directly, or does not.
    case cut(position: Int64, joins: Bool)
    case segment(Whole)
    /// The tape goes on from here.
    case contact(Instant)
    case leftOut(from: Instant, to: Instant)
    case clockStepped(by: Duration)
  }

  struct Pending {
    var chunk: TransportChunkScanner.Chunk
    var tables: [UInt8]
  }

  private struct Open {
    var start: Instant
    var ticks: Int64 = 0
    var bytes: [UInt8]
    var splice: Splice
  }

  /// Less than this between the tape's end and a new beginning is how exactly arrival tells time.
  static let seam = Duration.milliseconds(300)
  private static let rate = Int64(MediaClock.rate)

  /// Where everything ends that was taken, with the open segment; nil while the tape is empty.
  private(set) var end: Instant?
  /// Where the segments end that were given out.
  private(set) var storedEnd: Instant?

  private let cut: SegmentCutPolicy
  var timeline = MediaTimeline(sampleRate: MediaClock.rate)
  /// Of this connection's chunks so far, 90 kHz.
  var position: Int64 = 0
  /// Chunks whose place is not known yet.
  var pending: [Pending] = []
  var isPlaced = false
  /// What the tape has of what comes next; nil where that is not known.
  var replay: ArraySlice<UInt64>?
  var nextSplice: Splice
  private var open: Open?
  var tail = FrameTail(capacity: 200)

  /// `tail`: the hashes of the tape's last chunks, where they are known.
  init(end: Instant?, cut: SegmentCutPolicy, tail known: [UInt64] = []) {
    for hash in known { tail.append(hash) }
    self.end = end
    storedEnd = end
    self.cut = cut
    nextSplice = end == nil ? .first : .afterGap
  }

  /// A new connection begins.
  mutating func connected() {
    timeline = MediaTimeline(sampleRate: MediaClock.rate)
    position = 0
    pending = []
    isPlaced = false
    replay = nil
  }

  /// A connection goes on where this tape was made from: its first chunks are the ones that the tape ends
  /// with, `known` by their hashes in order, and are left out exactly. Where they turn out to be others,
  /// the connection is joined like any other.
  mutating func connected(replaying known: [UInt64]) {
    connected()
    if end != nil { replay = known[...] }
  }

  /// The connection ended: the open segment is given out as it is.
  mutating func disconnected(_ emit: (Output) -> Void) {
    // Chunks that came again are on the tape already.
    if !isPlaced, replay == nil { place(emit, isFinal: true) }
    close(emit)
    isPlaced = false
    pending = []
  }

  /// `tables`: what stands before a file that begins with a chunk without tables.
  mutating func take(
    _ chunk: TransportChunkScanner.Chunk, tables: [UInt8], arrival: MediaTimeline.Arrival,
    _ emit: (Output) -> Void
  ) {
    position += chunk.duration
    if let known = replay { follow(known, chunk, tables, emit) }
    let event = timeline.note(endPosition: position, arrival: arrival)
    guard isPlaced else {
      pending.append(Pending(chunk: chunk, tables: tables))
      if replay == nil, timeline.isSettled || held > cut.longest { place(emit) }
      return
    }
    switch event {
    case .clockStepped(let change):
      close(emit)
      nextSplice = .relabelled
      emit(.clockStepped(by: change))
    case .fellBehind(let lag):
      close(emit)
      nextSplice = .afterGap
      if let end { emit(.leftOut(from: end, to: end + lag)) }
    case .settled, nil: break
    }
    append(chunk, tables: tables, at: label(position - chunk.duration), emit)
  }

  private var held: Duration {
    duration(pending.reduce(0) { $0 + $1.chunk.duration })
  }

  func label(_ ticks: Int64) -> Instant { timeline.instant(ofSample: ticks) ?? .epoch }

  func duration(_ ticks: Int64) -> Duration {
    .microseconds(ticks / Self.rate * 1_000_000 + ticks % Self.rate * 1_000_000 / Self.rate)
  }

  mutating func append(
    _ chunk: TransportChunkScanner.Chunk, tables: [UInt8], at start: Instant,
    _ emit: (Output) -> Void
  ) {
    if chunk.isDiscontinuous {
      close(emit)
      if nextSplice == .continuous { nextSplice = .discontinuity }
    }
    if let open,
      cut.isCut(
        segment: open.start, held: duration(open.ticks), frame: start,
        isSettled: timeline.isSettled)
    {
      close(emit)
    }
    if open == nil {
      emit(
        .cut(
          position: chunk.position,
          joins: nextSplice != .first && nextSplice != .afterGap))
      open = Open(
        start: start, bytes: chunk.hasTables ? [] : tables, splice: nextSplice)
      nextSplice = .continuous
    }
    open?.bytes += chunk.bytes
    open?.ticks += chunk.duration
    tail.append(chunk.hash)
    end = open.map { $0.start + duration($0.ticks) }
  }

  private mutating func close(_ emit: (Output) -> Void) {
    guard let closing = open else { return }
    open = nil
    let length = duration(closing.ticks)
    storedEnd = closing.start + length
    emit(
      .segment(
        Whole(
          start: closing.start, duration: length, bytes: closing.bytes, splice: closing.splice)))
  }
}
