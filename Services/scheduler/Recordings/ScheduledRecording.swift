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
  var details = Details()

  /// What nobody outside needs to know.
  struct Details: Codable, Hashable, Sendable {
    var finishing: FinishOptions?
    /// Recorders that said that they cannot record it, each once.
    var tried: [NodeID] = []
    /// Whether it is made out of a tape where nobody had it in time.
    var catchesUp = true
    /// Once its window is over without anybody having it: until when a tape is looked for.
    var giveUpAt: Instant?
    /// A file that lacks something, kept until the other recorder has shown its own.
    var offer: Offer?
    /// The file that counts until the one that is being made again is there.
    var earlier: Earlier?
  }

  /// A file that a recorder has made, under the token that was the newest when it came.
  struct Offer: Codable, Hashable, Sendable {
    var node: NodeID
    var token: Int64
    var file: FinishedFile
    /// When it came.
    var at: Instant
  }

  /// What was canonical before the end was moved.
  struct Earlier: Codable, Hashable, Sendable {
    var file: FinishedFile
    var token: Int64
    var end: Instant
    var paddedEnd: Instant
  }

  var id: JobID { recording.id }

  var priority: Int { recording.priority ?? 0 }

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

  /// What a recorder is told of it; the second one captures the same and waits to be asked.
  func plan(for node: NodeID) -> RecordingPlan {
    RecordingPlan(
      job: recording.id, token: recording.token, stream: recording.stream,
      start: recording.start, end: recording.end, paddedStart: recording.paddedStart,
      paddedEnd: recording.paddedEnd, fileName: fileName, format: format, tags: tags, date: date,
      finishing: details.finishing, priority: recording.priority,
      isSpare: node == recording.spare && node != recording.node ? true : nil)
  }

  /// The recorders that have it.
  var holders: [NodeID] { [recording.node, recording.spare].compactMap(\.self) }

  /// The part of it that decides who may commit.
  var job: JobRecord {
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
  ///
  /// - Parameter spare: one that captures the same window too, or may have captured some of it.
  mutating func assign(to node: NodeID, spare: NodeID? = nil, at now: Instant) {
    var job = job
    job.assign(to: node, until: now)
    recording.node = job.holder
    recording.spare = spare
    recording.token = job.token
    recording.state = now >= recording.paddedEnd ? .finishing : .assigned
    recording.reason = nil
    recording.conflict = nil
    recording.updatedAt = now
  }

  /// A second recorder captures it as well, or no longer does.
  mutating func double(on spare: NodeID?, at now: Instant) {
    recording.spare = spare
    recording.updatedAt = now
  }

  /// Leaves its place to another before it has begun, and waits for a new one.
  mutating func giveWay(because conflict: String, at now: Instant) {
    recording.state = .planned
    recording.node = nil
    recording.spare = nil
    recording.reason = nil
    recording.conflict = conflict
    recording.updatedAt = now
  }

  /// Says what stands in its way; nil takes it back.
  mutating func note(conflict: String?, at now: Instant) -> Bool {
    guard !recording.state.isFinal, recording.conflict != conflict else { return false }
    recording.conflict = conflict
    recording.updatedAt = now
    return true
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
    recording.spare = nil
    refusedBy = node
    if !details.tried.contains(node) { details.tried.append(node) }
    recording.reason = reason
    recording.updatedAt = now
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
    next.details = details
    next.details.finishing = fresh.details.finishing
    next.details.catchesUp = fresh.details.catchesUp
    next.refusedBy = refusedBy
    next.recording.token = recording.token
    if !isReopened {
      next.recording.state = recording.state
      next.recording.node = recording.node
      next.recording.spare = recording.spare
      next.recording.reason = recording.reason
      next.recording.conflict = recording.conflict
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
    // What was recorded before its end was moved stays recorded.
    if details.earlier != nil { return restoreEarlier(because: reason, at: now) }
    recording.state = state
    recording.reason = reason
    recording.conflict = nil
    recording.spare = nil
    recording.updatedAt = now
    details.offer = nil
    return true
  }
}
