internal import Base
internal import Messages

/// One round of giving out work: what each recording becomes, one after the other. A value without
/// I/O; the scheduler feeds it rows and stores what comes back.
struct AssignmentRound: Sendable {
  private(set) var policy: AssignmentPolicy
  /// The recorders whose sets change.
  private(set) var touched: Set<NodeID> = []
  /// Whether something found no place.
  private(set) var isAnythingWaiting = false
  private let now: Instant
  /// What opens later than this is not told why it waits, nor taken from a silent recorder.
  let urgent: Instant

  init(_ policy: AssignmentPolicy, urgency: Duration, at now: Instant) {
    self.policy = policy
    self.now = now
    urgent = now + urgency
  }

  /// What becomes of a recording that nobody has; nil where nothing changes.
  mutating func place(_ waiting: ScheduledRecording) -> ScheduledRecording? {
    guard waiting.recording.paddedEnd > now else { return nil }
    var entry = waiting
    switch policy.place(entry.window, avoiding: Set([entry.refusedBy].compactMap(\.self))) {
    case .on(let node):
      entry.assign(to: node, at: now)
      touched.insert(node)
      return entry
    case .nowhere(let reason):
      isAnythingWaiting = true
      // What a recorder said of it says more than that there is no other.
      guard entry.refusedBy == nil, entry.recording.paddedStart <= urgent,
        entry.note(reason, at: now)
      else { return nil }
      return entry
    }
  }

  /// What becomes of a recording that a silent recorder has; nil where nothing changes. Where another
  /// has room, it goes there under a higher token; else it stays: it may well be recorded.
  mutating func take(_ held: ScheduledRecording, from silent: NodeID) -> ScheduledRecording? {
    guard held.recording.paddedStart <= urgent else { return nil }
    var entry = held
    let isOpen = entry.recording.paddedEnd > now && entry.recording.state != .finishing
    if isOpen, case .on(let node) = policy.place(entry.window, avoiding: [silent]) {
      entry.assign(to: node, at: now)
      touched.formUnion([node, silent])
      return entry
    }
    let doubt =
      entry.hasBegun(at: now)
      ? "\(silent) has it and is not heard from; it may be recording."
      : "\(silent) has it and is not heard from, and no other recorder can take it."
    return entry.note(doubt, at: now) ? entry : nil
  }
}

extension ScheduledRecording {
  fileprivate var window: StreamWindow {
    StreamWindow(
      stream: recording.stream, start: recording.paddedStart, end: recording.paddedEnd)
  }
}
