import Base
import Media
import Messages

/// Decides what becomes of the chunks of an endless transport stream: where a segment begins, where
/// it belongs, what of a new connection the tape already has. A value; it does no I/O.
///
/// Segments end on the tape's grid, at the first chunk's edge there. A connection's first chunks are
/// held back until the arrival times have settled (three seconds). Then those whose bytes the tape has
/// are left out; where there are none such (a sender that makes its packets anew for every listener),
/// those that lie before the tape's end by their time are.
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

  private struct Open {
    var start: Instant
    var ticks: Int64 = 0
    var bytes: [UInt8]
    var splice: Splice
  }

  /// Less than this between the tape's end and a new beginning is how exactly arrival tells time.
  private static let seam = Duration.milliseconds(300)
  private static let rate = Int64(MediaClock.rate)

  /// Where everything ends that was taken, with the open segment; nil while the tape is empty.
  private(set) var end: Instant?
  /// Where the segments end that were given out.
  private(set) var storedEnd: Instant?

  private let cut: SegmentCutPolicy
  private var timeline = MediaTimeline(sampleRate: MediaClock.rate)
  /// Of this connection's chunks so far, 90 kHz.
  private var position: Int64 = 0
  private var pending: [(chunk: TransportChunkScanner.Chunk, tables: [UInt8])] = []
  private var isPlaced = false
  private var nextSplice: Splice
  private var open: Open?
  private var tail = FrameTail(capacity: 200)

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
  }

  /// The connection ended: the open segment is given out as it is.
  mutating func disconnected(_ emit: (Output) -> Void) {
    if !isPlaced { place(emit) }
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
    let event = timeline.note(endPosition: position, arrival: arrival)
    guard isPlaced else {
      pending.append((chunk, tables))
      if timeline.isSettled || held > cut.longest { place(emit) }
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

  private func label(_ ticks: Int64) -> Instant { timeline.instant(ofSample: ticks) ?? .epoch }

  private func duration(_ ticks: Int64) -> Duration {
    .microseconds(ticks / Self.rate * 1_000_000 + ticks % Self.rate * 1_000_000 / Self.rate)
  }

  /// The first chunks of a connection, by what the tape has of them.
  private mutating func place(_ emit: (Output) -> Void) {
    isPlaced = true
    let waiting = pending
    pending = []
    guard !waiting.isEmpty else { return }
    let known = Set(tail.hashes)
    let last = waiting.lastIndex { known.contains($0.chunk.hash) }
    var ticks = position - waiting.reduce(0) { $0 + $1.chunk.duration }
    let joins = last.map { tail.hashes.last == waiting[$0].chunk.hash } ?? false
    if joins, let end {
      // Labels go on from the tape's, which the chunk after the last known one follows.
      let skipped = waiting[...(last ?? 0)].reduce(0) { $0 + $1.chunk.duration }
      timeline = MediaTimeline(
        continuingFrom: end - duration(ticks + skipped), sampleRate: MediaClock.rate)
      nextSplice = .exact
      emit(.contact(end))
    }
    var isFirst = true
    for (index, (chunk, tables)) in waiting.enumerated() {
      defer { ticks += chunk.duration }
      if let last, index <= last { continue }
      var start = label(ticks)
      if isFirst, !joins, let end {
        // By its time the tape has it already.
        if start + duration(chunk.duration) / 2 < end { continue }
        let distance = start - end
        nextSplice = distance < Self.seam ? .ambiguous : .afterGap
        if distance < Self.seam {
          timeline = MediaTimeline(
            continuingFrom: end - duration(ticks), sampleRate: MediaClock.rate)
          start = end
        }
      }
      if isFirst, !joins { emit(.contact(start)) }
      isFirst = false
      append(chunk, tables: tables, at: start, emit)
    }
  }

  private mutating func append(
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
