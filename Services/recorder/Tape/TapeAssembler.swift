import Base
import Media

/// Decides what becomes of each frame that a source sends: where a segment begins, how a new
/// connection is joined to the tape, what label everything has. A value; it does no I/O.
///
/// A connection's first frames are held back until it is clear where they belong: at once where
/// they match the tape's end, at the latest when the arrival times have settled (three seconds).
/// On an empty tape, or one that ended long ago, nothing is held back.
struct TapeAssembler {
  enum Output {
    /// What follows goes into a new segment.
    case begin(start: Instant, format: FrameFormat, splice: Splice)
    case append(UnsafeRawBufferPointer, frames: Int, samples: Int64)
    /// The open segment's start is known better now.
    case relabel(Instant)
    /// The tape goes on, certainly from here: what was missing before ends here.
    case contact(Instant)
    /// The sender left this span out without closing the connection.
    case leftOut(from: Instant, to: Instant)
    case clockStepped(by: Duration)
  }

  typealias Emit = (Output) -> Void

  private enum Mode {
    case disconnected
    /// A new connection; nothing has come yet.
    case fresh
    case splicing
    /// Frames follow directly; so many are known already and are left out.
    case running(skip: Int)
  }

  /// Frames that wait for their place.
  private struct Pending {
    var bytes: [UInt8] = []
    var frames: [FrameScanner.Frame] = []
    var samples: Int64 = 0

    mutating func removeAll() { self = Pending() }
  }

  /// The run of frames without a seam that the tape ends with.
  private struct Run {
    let format: FrameFormat
    var timeline: MediaTimeline
    /// Samples in the run so far.
    var position: Int64 = 0
    /// Whether it was told where the run begins.
    var isTold = false
  }

  private struct OpenSegment {
    var start: Instant
    var samples: Int64 = 0
    /// It began the run, before labels had settled.
    var isProvisional: Bool
  }

  /// No server sends more of the past than this, so a tape that ended before is not searched.
  static let longestOverlap = Duration.seconds(60)

  /// The label of the tape's end; nil while it is empty.
  private(set) var end: Instant?

  private let cut: SegmentCutPolicy
  private var mode = Mode.disconnected
  private var tail: FrameTail
  private var tailFormat: FrameFormat?
  private var run: Run?
  private var segment: OpenSegment?
  private var nextSplice = Splice.first
  private var pending = Pending()
  private var connection: MediaTimeline?

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

  /// The connection ended: what was held back is placed by what is known.
  mutating func disconnected(_ emit: Emit) {
    if case .splicing = mode { decide(isFinal: true, emit) }
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
    if case .fresh = mode { start(first.format, arrival) }
    if case .splicing = mode, first.format == pending.frames.first?.format ?? first.format {
      hold(frames, window)
      _ = connection?.note(endPosition: pending.samples, arrival: arrival)
      decide(isFinal: connection?.isSettled ?? true, emit)
      return
    }
    if case .splicing = mode { decide(isFinal: true, emit) }
    place(frames[...], window, arrival: arrival, emit)
  }

  private mutating func start(_ format: FrameFormat, _ arrival: MediaTimeline.Arrival) {
    let isNear = end.map { arrival.wall - $0 < TapeAssembler.longestOverlap } ?? false
    if isNear, format == tailFormat {
      pending.removeAll()
      connection = MediaTimeline(sampleRate: format.sampleRate)
      mode = .splicing
    } else {
      run = Run(
        format: format, timeline: MediaTimeline(sampleRate: format.sampleRate))
      nextSplice = end == nil ? .first : .afterGap
      segment = nil
      tail.removeAll()
      mode = .running(skip: 0)
    }
  }

  private mutating func hold(_ frames: [FrameScanner.Frame], _ window: UnsafeRawBufferPointer) {
    for frame in frames {
      pending.bytes.append(contentsOf: window[frame.start..<frame.start + frame.length])
      pending.samples += Int64(frame.samples)
    }
    pending.frames += frames
  }

  private mutating func decide(isFinal: Bool, _ emit: Emit) {
    guard let first = pending.frames.first, let connection else { return }
    let policy = SplicePolicy(
      tail: tail.hashes,
      frameDuration: .nanoseconds(
        Int64(first.samples) * 1_000_000_000 / Int64(first.format.sampleRate)))
    let start = connection.isSettled || isFinal ? connection.instant(ofSample: 0) : nil
    let overlap = start.flatMap { start in end.map { $0 - start } }
    let decision = policy.decide(
      incoming: pending.frames.map(\.hash), overlapByArrival: overlap, isFinal: isFinal)
    switch decision {
    case .wait: return
    case .join(let skip, let certainty):
      nextSplice = certainty == .exact ? .exact : .ambiguous
      if run?.format != first.format, let end {
        // After a restart there is a tape, but no run yet.
        run = Run(
          format: first.format,
          timeline: MediaTimeline(continuingFrom: end, sampleRate: first.format.sampleRate))
      }
      run?.isTold = true
      if let end { emit(.contact(end)) }
      mode = .running(skip: skip)
    case .gap:
      nextSplice = .afterGap
      tail.removeAll()
      run = Run(format: first.format, timeline: connection)
      mode = .running(skip: 0)
    }
    segment = nil
    flushPending(emit)
  }

  private mutating func flushPending(_ emit: Emit) {
    let held = pending
    pending.removeAll()
    var frames = held.frames
    var offset = 0
    for index in frames.indices {
      frames[index] = frames[index].moved(to: offset)
      offset += frames[index].length
    }
    held.bytes.withUnsafeBytes { place(frames[...], $0, arrival: nil, emit) }
  }

  /// Puts frames on the tape. `arrival` is nil for those that have been noted already.
  private mutating func place(
    _ frames: ArraySlice<FrameScanner.Frame>, _ window: UnsafeRawBufferPointer,
    arrival: MediaTimeline.Arrival?, _ emit: Emit
  ) {
    var frames = frames
    if case .running(let skip) = mode, skip > 0 {
      let known = min(skip, frames.count)
      frames = frames.dropFirst(known)
      mode = .running(skip: skip - known)
    }
    while let first = frames.first {
      if first.format != run?.format { change(to: first.format, emit) }
      let count = frames.firstIndex { $0.format != first.format } ?? frames.endIndex
      let same = frames[frames.startIndex..<count]
      if let arrival { note(same, arrival, emit) }
      tellOnceSettled(emit)
      append(same, window, emit)
      frames = frames[count...]
    }
  }

  /// The stream goes on in another format, without a seam in time.
  private mutating func change(to format: FrameFormat, _ emit: Emit) {
    settleEarly(emit)
    let timeline =
      end.map { MediaTimeline(continuingFrom: $0, sampleRate: format.sampleRate) }
      ?? MediaTimeline(sampleRate: format.sampleRate)
    run = Run(format: format, timeline: timeline, isTold: end != nil)
    nextSplice = .newFormat
    segment = nil
    tail.removeAll()
  }

  private mutating func note(
    _ frames: ArraySlice<FrameScanner.Frame>, _ arrival: MediaTimeline.Arrival, _ emit: Emit
  ) {
    guard var run else { return }
    let samples = frames.reduce(Int64(0)) { $0 + Int64($1.samples) }
    let event = run.timeline.note(endPosition: run.position + samples, arrival: arrival)
    self.run = run
    switch event {
    case .settled: settle(emit)
    case .clockStepped(let change):
      emit(.clockStepped(by: change))
      nextSplice = .relabelled
      segment = nil
    case .fellBehind(let lag):
      if let end { emit(.leftOut(from: end, to: end + lag)) }
      nextSplice = .afterGap
      segment = nil
    case nil: break
    }
  }

  /// The run's labels are final: what was said of its first segment is set right.
  private mutating func settle(_ emit: Emit) {
    guard var open = segment, open.isProvisional, let start = run?.timeline.instant(ofSample: 0)
    else { return }
    open.start = start
    open.isProvisional = false
    segment = open
    emit(.relabel(start))
    end = start + (run?.format.duration(ofSamples: open.samples) ?? .zero)
  }

  /// The connection ended before the labels settled: they stay as they are.
  private mutating func settleEarly(_ emit: Emit) {
    settle(emit)
    if let run, !run.isTold, let start = run.timeline.instant(ofSample: 0) { tell(start, emit) }
  }

  private mutating func tellOnceSettled(_ emit: Emit) {
    guard let run, !run.isTold, run.timeline.isSettled,
      let start = run.timeline.instant(ofSample: 0)
    else { return }
    tell(start, emit)
  }

  private mutating func tell(_ start: Instant, _ emit: Emit) {
    run?.isTold = true
    emit(.contact(start))
  }

  private mutating func append(
    _ frames: ArraySlice<FrameScanner.Frame>, _ window: UnsafeRawBufferPointer, _ emit: Emit
  ) {
    var rest = frames
    while !rest.isEmpty {
      guard let first = rest.first, var run,
        let label = run.timeline.instant(ofSample: run.position)
      else { return }
      if isCut(at: label) {
        segment = OpenSegment(start: label, isProvisional: !run.timeline.isSettled)
        emit(.begin(start: label, format: run.format, splice: nextSplice))
        nextSplice = .continuous
      }
      // As many as lie side by side and belong into the same segment go in one piece.
      var samples: Int64 = 0
      var length = 0
      var count = 0
      for frame in rest {
        let next = run.timeline.instant(ofSample: run.position + samples) ?? label
        if frame.start != first.start + length || (count > 0 && isCut(at: next, adding: samples)) {
          break
        }
        samples += Int64(frame.samples)
        length += frame.length
        count += 1
        tail.append(frame.hash)
      }
      run.position += samples
      self.run = run
      segment?.samples += samples
      tailFormat = run.format
      if let segment { end = segment.start + run.format.duration(ofSamples: segment.samples) }
      emit(
        .append(
          UnsafeRawBufferPointer(rebasing: window[first.start..<first.start + length]),
          frames: count, samples: samples))
      rest = rest.dropFirst(count)
    }
  }

  private func isCut(at label: Instant, adding samples: Int64 = 0) -> Bool {
    guard let segment, let run else { return true }
    return cut.isCut(
      segment: segment.start, held: run.format.duration(ofSamples: segment.samples + samples),
      frame: label, isSettled: run.timeline.isSettled)
  }
}

extension FrameScanner.Frame {
  /// The same frame where its bytes stand elsewhere.
  fileprivate func moved(to start: Int) -> FrameScanner.Frame {
    FrameScanner.Frame(
      position: position, start: start, length: length, samples: samples, hash: hash,
      format: format)
  }
}
