import Base
import Media

/// How frames whose place is known become segments with labels.
extension TapeAssembler {
  /// Puts frames on the tape. `arrival` is nil for those that have been noted already.
  mutating func place(
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
    // Hashes of pages tell titles apart, so that a reconnect finds its place across them.
    if !format.isSameBroadcast(as: tailFormat) { tail.removeAll() }
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
      if let end { emit(.clockStepped(from: end, to: end + change)) }
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
  mutating func settleEarly(_ emit: Emit) {
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
        emit(.cut(position: first.position, joins: nextSplice != .first && nextSplice != .afterGap))
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
