import Base
import Media

/// How a new connection's first frames find their place on the tape.
extension TapeAssembler {
  mutating func start(_ format: FrameFormat, _ arrival: MediaTimeline.Arrival, _ emit: Emit) {
    followClock(arrival, emit)
    let isNear = end.map { arrival.wall - $0 < TapeAssembler.longestOverlap } ?? false
    if isNear, format.isSameBroadcast(as: tailFormat) {
      pending = Pending()
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

  /// Where the wall clock was set while nothing came, the tape's end is known by the new time.
  private mutating func followClock(_ arrival: MediaTimeline.Arrival, _ emit: Emit) {
    guard let clockOffset, let end else { return }
    let step = arrival.clockOffset - clockOffset
    guard step > MediaTimeline.stepThreshold || step < .zero - MediaTimeline.stepThreshold else {
      return
    }
    emit(.clockStepped(from: end, to: end + step))
    self.end = end + step
    // Its labels are of the old time.
    run = nil
  }

  mutating func hold(
    _ frames: ArraySlice<FrameScanner.Frame>, _ window: UnsafeRawBufferPointer,
    _ arrival: MediaTimeline.Arrival, _ emit: Emit
  ) {
    let before = pending.bytes.count
    gather(frames, window)
    _ = connection?.note(endPosition: pending.samples, arrival: arrival)
    tellHeld(from: before, emit)
  }

  private func tellHeld(from offset: Int, _ emit: Emit) {
    guard let format = pending.frames.first?.format, let start = connection?.instant(ofSample: 0)
    else { return }
    pending.bytes.withUnsafeBytes {
      emit(.heldBack(UnsafeRawBufferPointer(rebasing: $0[offset...]), start: start, format: format))
    }
  }

  private mutating func gather(
    _ frames: ArraySlice<FrameScanner.Frame>, _ window: UnsafeRawBufferPointer
  ) {
    for frame in frames {
      pending.bytes.append(contentsOf: window[frame.start..<frame.start + frame.length])
      pending.samples += Int64(frame.samples)
    }
    pending.frames += frames
  }

  mutating func decide(isFinal: Bool, _ emit: Emit) {
    guard let first = pending.frames.first, let connection else { return }
    let policy = SplicePolicy(tail: tail, format: first.format, samples: first.samples)
    let overlap = connection.instant(ofSample: 0).flatMap { start in end.map { $0 - start } }
    let decision = policy.decide(
      incoming: pending.frames.map(\.hash), overlapByArrival: overlap, isFinal: isFinal)
    switch decision {
    case .wait: return
    case .join(let skip, let certainty):
      join(first.format, as: certainty == .exact ? .exact : .ambiguous, emit)
      mode = .running(skip: skip)
    case .gap:
      nextSplice = .afterGap
      tail.removeAll()
      run = Run(format: first.format, timeline: connection)
      mode = .running(skip: 0)
    }
    segment = nil
    flushPending(emit)
    emit(.placed)
  }

  /// What comes now follows the tape's last frame directly.
  private mutating func join(_ format: FrameFormat, as splice: Splice, _ emit: Emit) {
    guard let end else { return }
    nextSplice = splice
    if run?.format != format {
      // After a restart there is a tape, but no run yet.
      run = Run(
        format: format,
        timeline: MediaTimeline(continuingFrom: end, sampleRate: format.sampleRate))
    }
    run?.isTold = true
    emit(.contact(end))
  }

  private mutating func flushPending(_ emit: Emit) {
    let held = pending
    pending = Pending()
    var frames = held.frames
    var offset = 0
    for index in frames.indices {
      frames[index] = frames[index].moved(to: offset)
      offset += frames[index].length
    }
    held.bytes.withUnsafeBytes { place(frames[...], $0, arrival: nil, emit) }
  }

  /// Leaves out what is known; the frames that are to be placed like any others.
  mutating func replay(
    _ frames: [FrameScanner.Frame], _ window: UnsafeRawBufferPointer,
    _ arrival: MediaTimeline.Arrival, _ emit: Emit
  ) -> ArraySlice<FrameScanner.Frame> {
    guard case .replaying(let known, var matched) = mode else { return frames[...] }
    let count = zip(frames, known.dropFirst(matched)).prefix { frame, hash in
      frame.hash == hash && frame.format.isSameBroadcast(as: tailFormat)
    }.count
    matched += count
    mode = .replaying(known: known, matched: matched)
    if matched == known.count, frames.first?.format.isSameBroadcast(as: tailFormat) ?? false {
      pending = Pending()
      segment = nil
      if let tailFormat { join(tailFormat, as: .exact, emit) }
      mode = .running(skip: 0)
      return frames[count...]
    }
    if count == frames.count {
      gather(frames[...], window)
      return []
    }
    return forsakeReplay(frames, arrival, emit)
  }

  /// The frames are not the ones that were foretold: those that came so far wait for their place.
  private mutating func forsakeReplay(
    _ frames: [FrameScanner.Frame], _ arrival: MediaTimeline.Arrival, _ emit: Emit
  ) -> ArraySlice<FrameScanner.Frame> {
    let held = pending
    mode = .fresh
    guard let format = held.frames.first?.format else { return frames[...] }
    start(format, arrival, emit)
    pending = held
    if case .splicing = mode {
      _ = connection?.note(endPosition: held.samples, arrival: arrival)
      tellHeld(from: 0, emit)
    } else {
      // They are far from the tape's end.
      _ = run?.timeline.note(endPosition: held.samples, arrival: arrival)
      flushPending(emit)
    }
    return frames[...]
  }
}

extension SplicePolicy {
  /// `samples`: of the new connection's first frame.
  init(tail: FrameTail, format: FrameFormat, samples: Int) {
    self.init(
      tail: tail.hashes,
      frameDuration: .nanoseconds(
        max(1, Int64(samples) * 1_000_000_000 / Int64(format.sampleRate))))
    guard format.codec.isOgg else { return }
    // Pages carry their number and their stream's: none is equal to another by chance, not even in
    // silence, so that one match is proof, whatever arrival says.
    (minimumRun, minimumDistinct) = (1, 1)
    (tolerance, plausibility) = (TapeAssembler.longestOverlap, TapeAssembler.longestOverlap)
  }
}

extension MediaTimeline.Arrival {
  /// Wall minus monotonic time.
  var clockOffset: Duration {
    .nanoseconds(wall.microseconds * 1000 - monotonic.nanoseconds)
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
