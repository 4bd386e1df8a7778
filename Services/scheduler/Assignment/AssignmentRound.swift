internal import Base
internal import Messages

/// One round of giving out work: what each recording becomes, one after the other. A value without
/// I/O; the scheduler feeds it rows and stores what comes back.
struct AssignmentRound: Sendable {
  /// What is known of streams and their tapes.
  struct Streams: Sendable {
    /// What a recorder must have, of streams that ask for something.
    var tags: [StreamID: Set<String>] = [:]
    /// Those that a second recorder captures too.
    var doubled: Set<StreamID> = []
    /// The recorders that have ever captured a stream and so may have a tape of it, the one that said
    /// something last first.
    var tapes: [StreamID: [NodeID]] = [:]
  }

  enum Step: Hashable, Sendable {
    case unchanged
    case changed(ScheduledRecording)
    /// These have to leave their places first; then it is asked again.
    case after([HeldWindow])
  }

  private(set) var policy: AssignmentPolicy
  /// The recorders whose sets change.
  private(set) var touched: Set<NodeID> = []
  /// Whether something found no place.
  private(set) var isAnythingWaiting = false
  let streams: Streams
  private let now: Instant
  /// What opens later than this is not told why it waits, nor taken from a silent recorder.
  let urgent: Instant

  init(
    _ policy: AssignmentPolicy, streams: Streams = Streams(), urgency: Duration, at now: Instant
  ) {
    self.policy = policy
    self.streams = streams
    self.now = now
    urgent = now + urgency
  }

  /// What becomes of a recording that nobody has.
  mutating func place(_ waiting: ScheduledRecording) -> Step {
    var entry = waiting
    guard entry.recording.paddedEnd > now else { return placeOnTape(entry) }
    let avoided = Set([entry.refusedBy].compactMap(\.self))
    switch policy.place(wish(entry), avoiding: avoided) {
    case .on(let node):
      entry.assign(to: node, at: now)
      touched.insert(node)
      if streams.doubled.contains(entry.recording.stream) { double(&entry) }
      return .changed(entry)
    case .after(let victims): return .after(victims)
    case .nowhere(let reason, let isConflict):
      isAnythingWaiting = true
      var isChanged = entry.note(conflict: isConflict ? reason : nil, at: now)
      // What a recorder said of it says more than that there is no other.
      if entry.refusedBy == nil, entry.recording.paddedStart <= urgent {
        isChanged = entry.note(reason, at: now) || isChanged
      }
      return isChanged ? .changed(entry) : .unchanged
    }
  }

  /// What is over is made by a recorder that may have it on its tape.
  private mutating func placeOnTape(_ waiting: ScheduledRecording) -> Step {
    var entry = waiting
    let left = (streams.tapes[entry.recording.stream] ?? []).filter {
      !entry.details.tried.contains($0)
    }
    guard entry.details.giveUpAt != nil, let first = left.first else { return .unchanged }
    let present = Set(policy.candidates.map(\.node))
    guard let node = left.first(where: present.contains) else {
      isAnythingWaiting = true
      let text = "Its time is over. \(first) may have it on its tape and is not heard from."
      return entry.note(text, at: now) ? .changed(entry) : .unchanged
    }
    entry.assign(to: node, at: now)
    touched.insert(node)
    return .changed(entry)
  }

  /// A recording leaves its place to one of a higher priority; where it is a second recorder that is
  /// needed, that one alone.
  mutating func giveWay(
    _ held: ScheduledRecording, isSpare: Bool, to winner: ScheduledRecording
  ) -> ScheduledRecording {
    var entry = held
    touched.formUnion(entry.holders)
    if isSpare {
      policy.releaseSpare(entry.id)
      entry.double(on: nil, at: now)
      return entry
    }
    policy.release(entry.id)
    isAnythingWaiting = true
    entry.giveWay(
      because: "“\(winner.recording.title)” at the same time has a higher priority "
        + "(\(winner.priority) before \(entry.priority)) and takes its place.", at: now)
    return entry
  }

  /// What becomes of a recording that a silent recorder has. Where another has room, it goes there
  /// under a higher token; else it stays: it may well be recorded.
  mutating func take(_ held: ScheduledRecording, from silent: NodeID) -> Step {
    guard held.recording.paddedStart <= urgent else { return .unchanged }
    var entry = held
    let hasBegun = entry.hasBegun(at: now)
    // What is made again needs the tape that the silent one has.
    let isMovable = entry.details.earlier == nil
    if isMovable, let spare = entry.recording.spare, isPresent(spare),
      entry.details.offer == nil, entry.promoteSpare(isKept: hasBegun, at: now)
    {
      touched.formUnion([silent, spare])
      return .changed(entry)
    }
    let isOpen = entry.recording.paddedEnd > now && entry.recording.state != .finishing
    if isMovable, isOpen {
      switch policy.place(wish(entry), avoiding: [silent]) {
      case .on(let node):
        // It may capture on, and come back with more than the new one could get.
        entry.assign(to: node, spare: hasBegun ? silent : nil, at: now)
        touched.formUnion([node, silent])
        return .changed(entry)
      case .after(let victims): return .after(victims)
      case .nowhere: break
      }
    }
    let doubt =
      hasBegun
      ? "\(silent) has it and is not heard from; it may be recording."
      : "\(silent) has it and is not heard from, and no other recorder can take it."
    return entry.note(doubt, at: now) ? .changed(entry) : .unchanged
  }

  /// Gives a recording that one recorder has to a second one as well; nil where there is none.
  mutating func double(_ held: ScheduledRecording) -> ScheduledRecording? {
    var entry = held
    return double(&entry) ? entry : nil
  }

  /// Takes the second recorder away from what has not begun, where its stream is not doubled (any
  /// more); nil where nothing changes.
  mutating func undouble(_ held: ScheduledRecording) -> ScheduledRecording? {
    guard held.recording.spare != nil, !held.hasBegun(at: now),
      !streams.doubled.contains(held.recording.stream)
    else { return nil }
    var entry = held
    touched.formUnion(entry.holders)
    policy.releaseSpare(entry.id)
    entry.double(on: nil, at: now)
    return entry
  }

  @discardableResult
  private mutating func double(_ entry: inout ScheduledRecording) -> Bool {
    guard let holder = entry.recording.node, entry.recording.spare == nil,
      entry.recording.paddedEnd > now
    else { return false }
    var wish = wish(entry)
    wish.isSpare = true
    guard
      case .on(let node) = policy.place(
        wish, avoiding: Set([holder] + entry.details.tried))
    else { return false }
    entry.double(on: node, at: now)
    touched.formUnion([node, holder])
    return true
  }

  /// Moves what has not begun to another recorder.
  mutating func move(_ held: ScheduledRecording, to node: NodeID) -> ScheduledRecording? {
    guard !held.hasBegun(at: now), held.recording.state == .assigned else { return nil }
    var entry = held
    touched.formUnion(entry.holders + [node])
    policy.release(entry.id)
    policy.hold(wish(entry).held(by: node))
    entry.assign(
      to: node, spare: entry.recording.spare == node ? nil : entry.recording.spare, at: now)
    return entry
  }

  private func isPresent(_ node: NodeID) -> Bool { policy.candidates.contains { $0.node == node } }

  private func wish(_ entry: ScheduledRecording) -> AssignmentPolicy.Wish {
    AssignmentPolicy.Wish(
      job: entry.id, window: entry.window, priority: entry.priority,
      tags: streams.tags[entry.recording.stream] ?? [])
  }
}

extension ScheduledRecording {
  var window: StreamWindow {
    StreamWindow(
      stream: recording.stream, start: recording.paddedStart, end: recording.paddedEnd)
  }
}
