import Base
import Messages

/// A recorder as the scheduler sees it, reduced to what its promises are about: it holds the newest
/// set, captures while it lives, opens and closes windows on its own clock, makes a file of what it
/// has, says so, and does what it is asked again under another token. Everything but `isAlive`
/// survives its death.
struct SimulatedRecorder {
  enum Phase { case planned, recording, finishing, finished, failed, superseded }

  struct Row {
    var plan: RecordingPlan
    var phase = Phase.planned
    var file: FinishedFile?
    /// Came while a file was being made.
    var next: RecordingPlan?
  }

  let node: NodeID
  var isAlive = true
  /// Until then no message passes in either direction.
  var cutUntil = Instant.epoch
  var deadUntil = Instant.epoch
  private(set) var set: DesiredSet?
  private(set) var rows: [JobID: Row] = [:]
  /// What it captured of each stream.
  private(set) var tape: [StreamID: [(start: Instant, end: Instant)]] = [:]
  private var countedTo: Instant
  private var made = 0

  init(node: NodeID, at now: Instant) {
    self.node = node
    countedTo = now
  }

  func isReachable(at now: Instant) -> Bool { isAlive && now >= cutUntil }

  mutating func take(_ set: DesiredSet) -> [any DurableMessage] {
    guard set.version > self.set?.version ?? 0 else { return [] }
    self.set = set
    var events: [any DurableMessage] = []
    let wanted = Dictionary(uniqueKeysWithValues: set.recordings.map { ($0.job, $0) })
    for (job, row) in rows
    where wanted[job] == nil && (row.phase == .planned || row.phase == .recording) {
      rows[job] = nil
    }
    for plan in set.recordings.sorted(by: { $0.job < $1.job }) { events += take(plan) }
    return events
  }

  private mutating func take(_ plan: RecordingPlan) -> [any DurableMessage] {
    guard let row = rows[plan.job] else {
      rows[plan.job] = Row(plan: plan)
      return []
    }
    let isSameCut = row.plan.paddedEnd == plan.paddedEnd
    let isNewer = plan.token > row.plan.token
    switch row.phase {
    case .planned, .recording: rows[plan.job]?.plan = plan
    case .finishing:
      if isSameCut { rows[plan.job]?.plan = plan } else { rows[plan.job]?.next = plan }
    case .finished:
      if isNewer, !isSameCut {
        rows[plan.job] = Row(plan: plan)
      } else {
        rows[plan.job]?.plan = plan
        if isNewer, plan.isSpare != true, let file = row.file {
          return [RecordingFinished(job: plan.job, token: plan.token, file: file)]
        }
      }
    case .failed, .superseded: if isNewer { rows[plan.job] = Row(plan: plan) }
    }
    return []
  }

  mutating func take(_ verdict: RecordingSettled) {
    guard !verdict.isCanonical, let row = rows[verdict.job], row.phase == .finished,
      row.plan.token <= verdict.token
    else { return }
    rows[verdict.job]?.phase = .superseded
  }

  /// Lives until now: captures what is wanted, and says what has happened.
  mutating func live(to now: Instant) -> [any DurableMessage] {
    defer { countedTo = now }
    guard isAlive else { return [] }
    var events: [any DurableMessage] = []
    for job in rows.keys.sorted() {
      guard let row = rows[job] else { continue }
      let plan = row.plan
      if row.phase == .planned || row.phase == .recording { capture(plan, to: now) }
      switch row.phase {
      case .planned where plan.isSpare != true && now >= plan.paddedStart:
        rows[job]?.phase = .recording
        events.append(RecordingStarted(job: job, token: plan.token, at: now))
      case .recording where plan.isSpare != true && now >= plan.paddedEnd:
        rows[job]?.phase = .finishing
        events.append(RecordingFinishing(job: job, token: plan.token, at: now))
      case .finishing: events.append(finish(job, row))
      default: break
      }
    }
    return events
  }

  private mutating func capture(_ plan: RecordingPlan, to now: Instant) {
    let (start, end) = (max(countedTo, plan.paddedStart), min(now, plan.paddedEnd))
    guard start < end else { return }
    tape[plan.stream, default: []].append((start, end))
  }

  private mutating func finish(_ job: JobID, _ row: Row) -> any DurableMessage {
    let plan = row.plan
    defer {
      if let next = row.next { rows[job] = Row(plan: next) }
    }
    let gaps = gaps(plan)
    guard gaps.first.map({ $0.start > plan.paddedStart || $0.end < plan.paddedEnd }) ?? true else {
      rows[job]?.phase = .failed
      return RecordingFailed(job: job, token: plan.token, reason: "Nothing was recorded.")
    }
    made += 1
    let name = "\(node)-\(made).mp3"
    let file = FinishedFile(
      path: "/r/\(name)", name: name, bytes: 1, sha256: "", contentType: "audio/mpeg",
      durationUs: 1, gaps: gaps)
    rows[job]?.file = file
    rows[job]?.phase = .finished
    return RecordingFinished(job: job, token: plan.token, file: file)
  }

  func gaps(_ plan: RecordingPlan) -> [Gap] {
    var gaps: [Gap] = []
    var reached = plan.paddedStart
    for span in (tape[plan.stream] ?? []).sorted(by: { $0.start < $1.start })
    where span.end > reached && span.start < plan.paddedEnd {
      if span.start > reached { gaps.append(gap(reached, span.start)) }
      reached = max(reached, span.end)
    }
    if reached < plan.paddedEnd { gaps.append(gap(reached, plan.paddedEnd)) }
    return gaps
  }

  private func gap(_ start: Instant, _ end: Instant) -> Gap {
    Gap(start: start, end: end, cause: .recorderDown, detail: "The recorder was not running.")
  }
}
