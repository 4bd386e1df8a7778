import Base
import Bus
import Messages
import Storage

/// Carries out the stored plan on the recorder's own clock, whether or not anybody else is up:
/// connects streams ahead of time, opens and closes windows at their instants, hands what is over
/// to the finisher.
///
/// The truth is the database; memory holds what is not over. A phase is changed there in one
/// transaction with the event that tells of it, and only then here. What is due is decided without
/// waiting, with the instant of the decision, and written after it one thing after the other: an
/// instant is met also while the disk takes its time over another. A kill in between leaves it due.
/// One connection per stream, whatever overlaps.
actor PlanKeeper {
  struct Environment: Sendable {
    let scheduler: NodeID
    let database: Database
    let outbox: Outbox
    let time: any TimeSource
    let finisher: Finisher
    let captures: CapturePool
    let logs: RecordingLogs
    let log: Logger
    /// Told of how late each window was opened.
    let onStart: @Sendable (Duration) -> Void
  }

  private enum Event: Sendable { case due, planChanged, clockStepped }

  /// How long after a window's end its last frames may still be on their way.
  static let patience = Duration.seconds(8)
  /// Few stations list more of the past.
  static let longestList = Duration.seconds(120)

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "plan")
  private let environment: Environment
  private let policy: PlanPolicy
  private let events: AsyncStream<Event>
  private let signal: AsyncStream<Event>.Continuation

  private var recordings: [JobID: PlannedRecording] = [:]
  /// Streams that are needed until the end of a window is on the tape.
  private var draining: [StreamID: Int] = [:]
  /// Recordings that the finisher has.
  private var finishing: Set<JobID> = []
  /// Windows that have opened, when, and windows that are over: decided and not yet written.
  private(set) var opening: [JobID: Instant] = [:]
  private var closing: Set<JobID> = []
  private var isReloadDue = false
  private var isPaused = false
  /// The stored plan is known.
  private var hasLoaded = false
  /// Nothing is written before, because the last attempt failed.
  private var retryAt: Instant?
  private var planFault: String?
  private var alarm: AlarmClock?
  /// What writes; nil while there is nothing to write.
  private var scribe: Task<Void, Never>?

  init(_ environment: Environment, policy: PlanPolicy = PlanPolicy()) {
    self.environment = environment
    self.policy = policy
    (events, signal) = AsyncStream.makeStream()
  }

  /// The stored set has changed; usable from any thread.
  nonisolated func planChanged() { signal.yield(.planChanged) }

  func setPaused(_ isPaused: Bool) {
    self.isPaused = isPaused
    signal.yield(.planChanged)
  }

  /// Works until the task is cancelled. Captures go on; stopping them is the pool's.
  func run() async throws {
    let alarm = try AlarmClock(named: "plan-alarm") { [signal] event in
      signal.yield(event == .due ? .due : .clockStepped)
    }
    self.alarm = alarm
    signal.yield(.planChanged)
    let finisher = environment.finisher
    Task { await finisher.setAsideReplaced() }
    for await event in events {
      if Task.isCancelled { break }
      switch event {
      case .due: break
      case .planChanged: isReloadDue = true
      case .clockStepped: environment.log.warning("the system clock was set")
      }
      decide()
      startWriting()
    }
    alarm.stop()
    self.alarm = nil
    await scribe?.value
  }

  /// Recordings by phase, for metrics and health.
  func counts() -> [RecordingPhase: Int] {
    recordings.values.reduce(into: [:]) { $0[$1.phase, default: 0] += 1 }
  }

  /// What is not well, in one sentence.
  var fault: String? {
    get async {
      if let planFault { return planFault }
      return await environment.finisher.fault
    }
  }

  private var items: [PlanPolicy.Item] {
    recordings.values.map { recording in
      PlanPolicy.Item(
        job: recording.plan.job, stream: recording.plan.stream,
        start: recording.plan.paddedStart, end: recording.plan.paddedEnd, phase: recording.phase,
        isSpare: recording.plan.isSpare ?? false)
    }
  }

  /// What is due now, and when to look again. Never waits.
  private func decide() {
    let now = environment.time.now()
    if let retryAt, now >= retryAt { self.retryAt = nil }
    let due = policy.due(items, now: now, isPaused: isPaused)
    for job in due.starts where opening[job] == nil { opening[job] = now }
    closing.formUnion(due.ends)
    alarm?.set([due.next, retryAt].compactMap(\.self).min())
    apply(due)
  }

  private func startWriting() {
    guard scribe == nil, isWritingDue else { return }
    scribe = Task {
      while isWritingDue { await writeNext() }
      scribe = nil
    }
  }

  private var isWritingDue: Bool {
    retryAt == nil && (isReloadDue || !opening.isEmpty || !closing.isEmpty)
  }

  /// One thing of what was decided; what it changes may make something else due.
  private func writeNext() async {
    do {
      if isReloadDue {
        isReloadDue = false
        do {
          try await reload()
        } catch {
          isReloadDue = true
          throw error
        }
      } else if !opening.isEmpty {
        try await open(opening)
      } else {
        try await close(closing)
      }
      planFault = nil
    } catch {
      // Captures run on; what could not be written is due still.
      environment.log.error("plan not carried out", ("error", "\(error)"))
      planFault = "The plan cannot be carried out: \(error); it is tried again every second."
      retryAt = environment.time.now() + .seconds(1)
    }
    // First what drains, so that a stream whose last window closed is not let go of too soon.
    finishWhatIsOver()
    decide()
  }

  /// Takes over the stored set; what is no longer in it and has not ended is dropped.
  private func reload() async throws {
    let now = environment.time.now()
    let (stored, streams) = try await environment.database.write { transaction in
      try RecordingCatalog.takeNextPlans(at: now, transaction)
      let all = try RecordingCatalog.unfinished(transaction)
      for recording in all where recording.isCalledOff {
        try RecordingCatalog.setPhase(.dropped, of: recording.plan.job, at: now, transaction)
      }
      return (all.filter { !$0.isCalledOff }, try RecordingCatalog.streams(transaction))
    }
    let fresh = Dictionary(uniqueKeysWithValues: stored.map { ($0.plan.job, $0) })
    for job in recordings.keys where fresh[job] == nil {
      environment.log.info("recording dropped", ("job", job))
    }
    recordings = fresh
    // A plan that was moved or taken back while it was due is judged anew.
    opening = opening.filter { job, at in
      recordings[job].map {
        $0.phase == .planned && $0.plan.paddedStart <= at && $0.plan.isSpare != true
      } ?? false
    }
    closing = closing.filter { job in
      recordings[job].map {
        $0.phase == .recording && $0.plan.paddedEnd <= now && $0.plan.isSpare != true
      } ?? false
    }
    await environment.captures.define(streams)
    hasLoaded = true
  }

  /// The windows have opened at these instants: what is done here only tells of it.
  private func open(_ instants: [JobID: Instant]) async throws {
    let opened = instants.compactMap { job, at in recordings[job].map { ($0, at) } }
      .sorted { ($0.1, $0.0.plan.job) < ($1.1, $1.0.plan.job) }
    let (outbox, scheduler) = (environment.outbox, environment.scheduler)
    try await environment.database.write { transaction in
      for (recording, at) in opened {
        let plan = recording.plan
        try RecordingCatalog.setPhase(.recording, of: plan.job, at: at, transaction)
        try outbox.send(
          RecordingStarted(job: plan.job, token: plan.token, at: at), to: scheduler,
          in: transaction)
      }
    }
    for job in instants.keys { opening[job] = nil }
    for (recording, at) in opened {
      let plan = recording.plan
      recordings[plan.job]?.phase = .recording
      let lateness = at - plan.paddedStart
      if recording.receivedAt < plan.paddedStart { environment.onStart(lateness) }
      environment.logs.note(
        plan.job,
        "window opened, \(lateness.inSeconds) s late; records \(plan.stream) until \(plan.paddedEnd)"
      )
      environment.log.info("recording started", ("job", plan.job), ("late", lateness))
    }
  }

  /// The windows are over: told first, then made into files once the tape has them.
  private func close(_ jobs: Set<JobID>) async throws {
    let at = environment.time.now()
    let closed = jobs.compactMap { recordings[$0]?.plan }
    let (outbox, scheduler) = (environment.outbox, environment.scheduler)
    try await environment.database.write { transaction in
      for plan in closed {
        try RecordingCatalog.setPhase(.finishing, of: plan.job, at: at, transaction)
        try outbox.send(
          RecordingFinishing(job: plan.job, token: plan.token, at: at), to: scheduler,
          in: transaction)
      }
    }
    closing.subtract(jobs)
    for plan in closed {
      recordings[plan.job]?.phase = .finishing
      environment.logs.note(plan.job, "window closed")
    }
  }

  /// Every recording whose window is over and that nobody works on.
  private func finishWhatIsOver() {
    for (job, recording) in recordings
    where recording.phase == .finishing || recording.phase == .placing {
      guard finishing.insert(job).inserted else { continue }
      let plan = recording.plan
      let deadline = plan.paddedEnd + PlanKeeper.patience
      // Long after the end, as after a restart, nothing more can come.
      let isComing = environment.time.now() < deadline
      if isComing { draining[plan.stream, default: 0] += 1 }
      Task {
        if isComing {
          await drain(plan.stream, until: plan.paddedEnd, by: deadline)
        } else if await isListedStill(plan) {
          draining[plan.stream, default: 0] += 1
          applyCaptures()
          await drain(
            plan.stream, until: plan.paddedEnd,
            by: environment.time.now() + PlanKeeper.patience * 2)
        }
        await finish(job)
      }
    }
  }

  /// Whether the station of an HLS stream may still have what the tape lacks of a window that is
  /// over, as after a restart.
  private func isListedStill(_ plan: RecordingPlan) async -> Bool {
    guard environment.time.now() < plan.paddedEnd + PlanKeeper.longestList else { return false }
    let newest = try? await environment.database.read {
      try SegmentCatalog.last(plan.stream, count: 1, $0).first
    }
    guard let newest, newest.media != nil else { return false }
    return newest.end < plan.paddedEnd
  }

  private func drain(_ stream: StreamID, until end: Instant, by deadline: Instant) async {
    await environment.captures.reach(stream, end, by: deadline)
    draining[stream, default: 1] -= 1
    if draining[stream] == 0 { draining[stream] = nil }
    applyCaptures()
  }

  private func finish(_ job: JobID) async {
    await environment.finisher.finish(job)
    finishing.remove(job)
    // A plan that came meanwhile may have begun it anew.
    if let phase = recordings[job]?.phase, phase == .finishing || phase == .placing {
      recordings[job] = nil
    }
    let hasNext = try? await environment.database.read {
      try RecordingCatalog.hasNextPlan(job, $0)
    }
    if hasNext ?? true { signal.yield(.planChanged) }
  }

  private func apply(_ due: PlanPolicy.Due) {
    // What ended long ago needs no connection: nothing of it can come any more.
    let recent = environment.time.now() - PlanKeeper.patience
    let ending = closing.compactMap { recordings[$0]?.plan }
      .filter { $0.paddedEnd >= recent }.map(\.stream)
    let wanted = due.streams.union(draining.keys).union(ending)
    environment.captures.want(wanted)
    if hasLoaded { environment.captures.withhold(due.withheld.subtracting(wanted)) }
    let running = recordings.values.filter { $0.phase == .recording || $0.phase == .planned }
      .filter { due.streams.contains($0.plan.stream) }
    environment.logs.setRunning(
      Dictionary(grouping: running, by: \.plan.stream).mapValues { Set($0.map(\.plan.job)) })
  }

  private func applyCaptures() {
    apply(policy.due(items, now: environment.time.now(), isPaused: isPaused))
  }
}

extension PlannedRecording {
  /// Not in the desired set any more, and not yet so far that a file is being made.
  fileprivate var isCalledOff: Bool { !isDesired && (phase == .planned || phase == .recording) }
}
