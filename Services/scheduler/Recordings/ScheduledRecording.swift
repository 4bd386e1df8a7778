internal import Base
internal import Bus
internal import Messages

/// A recording as the scheduler keeps it: the account that others see, and what it takes to make it.
///
/// A value that knows which changes are possible; every change comes back as the same value to be
/// stored, or as "nothing changed". Who may publish a result is decided by `JobRecord` alone.
struct ScheduledRecording: Hashable, Sendable {
  var recording: Recording
  /// The token under which the one file was accepted.
  var canonicalToken: Int64?
  /// The recorder that last said that it cannot record it.
  var refusedBy: NodeID?
  /// Cancelled by a person: never planned again, unlike what a change of its schedule cancelled.
  var isCalledOff = false
  /// Without its ending; no other recording has it.
  var fileName: String
  var format: RecordingFormat
  /// With the title filled in.
  var tags: RecordingTags
  /// `YYYY-MM-DD` of the start in the schedule's zone.
  var date: String
  var createdAt: Instant

  var id: JobID { recording.id }

  /// Whether its window is open or past for whoever has it; then a change of its schedule no longer
  /// touches it.
  func hasBegun(at now: Instant) -> Bool {
    switch recording.state {
    case .planned: false
    case .assigned: recording.paddedStart <= now
    case .recording, .finishing: true
    case .committed, .missed, .cancelled: true
    }
  }

  /// What its recorder is told of it.
  var plan: RecordingPlan {
    RecordingPlan(
      job: recording.id, token: recording.token, stream: recording.stream,
      start: recording.start, end: recording.end, paddedStart: recording.paddedStart,
      paddedEnd: recording.paddedEnd, fileName: fileName, format: format, tags: tags, date: date)
  }

  /// The part of it that decides who may commit.
  private var job: JobRecord {
    let state: JobRecord.State =
      switch recording.state {
      case .planned: .planned
      case .assigned, .recording, .finishing: .assigned
      case .committed: .committed(token: canonicalToken ?? recording.token)
      case .missed: .missed(reason: recording.reason ?? "")
      case .cancelled: .cancelled
      }
    return JobRecord(
      id: recording.id, start: recording.paddedStart, end: recording.paddedEnd, state: state,
      holder: recording.node, token: recording.token)
  }

  /// Gives it to a recorder under a new token; nobody else's result counts from now on.
  mutating func assign(to node: NodeID, at now: Instant) {
    var job = job
    job.assign(to: node, until: now)
    recording.node = job.holder
    recording.token = job.token
    recording.state = .assigned
    recording.reason = nil
    recording.updatedAt = now
  }

  /// Its holder says that it is at work on it; an old token or an old message changes nothing.
  mutating func advance(to state: RecordingState, token: Int64, at now: Instant) -> Bool {
    let order: [RecordingState] = [.assigned, .recording, .finishing]
    guard token == recording.token, let from = order.firstIndex(of: recording.state),
      let to = order.firstIndex(of: state), to > from
    else { return false }
    recording.state = state
    recording.reason = nil
    recording.updatedAt = now
    return true
  }

  /// Its holder cannot record it, and nobody else can have it yet: it is free for another.
  mutating func release(token: Int64, refusedBy node: NodeID, reason: String, at now: Instant) {
    guard token == recording.token, !recording.state.isFinal, recording.state != .planned else {
      return
    }
    recording.state = .planned
    recording.node = nil
    refusedBy = node
    recording.reason = reason
    recording.updatedAt = now
  }

  /// A file is offered under a token: the compare-and-set that makes one of them canonical.
  mutating func commit(_ file: FinishedFile, token: Int64, at now: Instant) -> JobRecord.Commit {
    var job = job
    let outcome = job.commit(token: token)
    if outcome == .accepted {
      recording.state = .committed
      recording.file = file
      recording.reason = nil
      recording.updatedAt = now
      canonicalToken = token
    }
    return outcome
  }

  /// Ends it without a file; what has ended stays as it ended.
  mutating func miss(reason: String, at now: Instant) -> Bool {
    end(as: .missed, reason: reason, at: now)
  }

  mutating func cancel(byPerson: Bool, reason: String, at now: Instant) -> Bool {
    guard end(as: .cancelled, reason: reason, at: now) else { return false }
    isCalledOff = byPerson
    return true
  }

  /// Says why it waits or what is in doubt; nil takes the sentence back.
  mutating func note(_ reason: String?, at now: Instant) -> Bool {
    guard !recording.state.isFinal, recording.reason != reason else { return false }
    recording.reason = reason
    recording.updatedAt = now
    return true
  }

  /// Moves the end of the show; `paddedEnd` is where the cut is made.
  mutating func move(end: Instant, paddedEnd: Instant, at now: Instant) {
    recording.end = end
    recording.paddedEnd = paddedEnd
    recording.updatedAt = now
  }

  /// Takes over what its schedule says now. What its schedule had cancelled is planned again, under
  /// the tokens that it had: they only ever grow.
  mutating func replan(as fresh: ScheduledRecording, at now: Instant) -> Bool {
    let isReopened = recording.state == .cancelled && !isCalledOff
    guard isReopened || !hasBegun(at: now) else { return false }
    var next = fresh
    next.createdAt = createdAt
    next.refusedBy = refusedBy
    next.recording.token = recording.token
    if !isReopened {
      next.recording.state = recording.state
      next.recording.node = recording.node
      next.recording.reason = recording.reason
      next.recording.updatedAt = recording.updatedAt
    }
    guard next != self else { return false }
    next.recording.updatedAt = now
    self = next
    return true
  }

  private mutating func end(
    as state: RecordingState, reason: String, at now: Instant
  ) -> Bool {
    guard !recording.state.isFinal else { return false }
    recording.state = state
    recording.reason = reason
    recording.updatedAt = now
    return true
  }
}
