import Base
import Bus
import Messages
import Storage

/// Carries out the stored plan on the recorder's own clock, whether or not anybody else is up:
/// connects streams ahead of time, opens and closes windows at their instants, hands what is over
/// to the finisher.
///
/// The truth is the database; memory holds what is not over. A phase is changed there in one
/// transaction with the event that tells of it, and only then here. One connection per stream,
/// whatever overlaps.
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
  private var isPaused = false
  private var retryAt: Instant?
  private var planFault: String?

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
    defer { alarm.stop() }
    signal.yield(.planChanged)
    for await event in events {
      if Task.isCancelled { break }
      if event == .clockStepped { environment.log.warning("the system clock was set") }
      await evaluate(isReloadDue: event == .planChanged)
      alarm.set(wakeUp())
    }
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

  private func wakeUp() -> Instant? {
    let next = policy.due(items, now: environment.time.now(), isPaused: isPaused).next
    return [next, retryAt].compactMap(\.self).min()
  }

  private var items: [PlanPolicy.Item] {
    recordings.values.map { recording in
      PlanPolicy.Item(
        job: recording.plan.job, stream: recording.plan.stream,
        start: recording.plan.paddedStart, end: recording.plan.paddedEnd, phase: recording.phase)
    }
  }

  private func evaluate(isReloadDue: Bool) async {
    retryAt = nil
    do {
      if isReloadDue { try await reload() }
      var due = policy.due(items, now: environment.time.now(), isPaused: isPaused)
      if !due.starts.isEmpty {
        // Connecting does not wait for the database.
        apply(due)
        try await open(due.starts)
        due = policy.due(items, now: environment.time.now(), isPaused: isPaused)
      }
      if !due.ends.isEmpty { try await close(due.ends) }
      // First what drains, so that a stream whose last window closed is not let go of too soon.
      finishWhatIsOver()
      planFault = nil
    } catch {
      // Captures run on; what could not be written is due still.
      environment.log.error("plan not carried out", ("error", "\(error)"))
      planFault = "The plan cannot be carried out: \(error); it is tried again every second."
      retryAt = environment.time.now() + .seconds(1)
    }
  }

  /// Takes over the stored set; what is no longer in it and has not ended is dropped.
  private func reload() async throws {
    let now = environment.time.now()
    let (stored, streams) = try await environment.database.write { transaction in
      let all = try RecordingCatalog.unfinished(transaction)
      for recording in all where recording.isCalledOff {
        try RecordingCatalog.setPhase(.dropped, of: recording.plan.job, at: now, transaction)
      }
      return (all.filter { !$0.isCalledOff }, try RecordingCatalog.streams(transaction))
    }
    for job in recordings.keys where !stored.contains(where: { $0.plan.job == job }) {
      environment.log.info("recording dropped", ("job", job))
    }
    recordings = Dictionary(uniqueKeysWithValues: stored.map { ($0.plan.job, $0) })
    await environment.captures.define(streams)
  }

  /// The windows open now. `at` is taken first: what follows only tells of it.
  private func open(_ jobs: [JobID]) async throws {
    let at = environment.time.now()
    let opened = jobs.compactMap { recordings[$0]?.plan }
    let known = jobs.compactMap { recordings[$0] }.filter { $0.receivedAt < $0.plan.paddedStart }
    let (outbox, scheduler) = (environment.outbox, environment.scheduler)
    try await environment.database.write { transaction in
      for plan in opened {
        try RecordingCatalog.setPhase(.recording, of: plan.job, at: at, transaction)
        try outbox.send(
          RecordingStarted(job: plan.job, token: plan.token, at: at), to: scheduler,
          in: transaction)
      }
    }
    for recording in known { environment.onStart(at - recording.plan.paddedStart) }
    for plan in opened {
      recordings[plan.job]?.phase = .recording
      let lateness = at - plan.paddedStart
      environment.logs.note(
        plan.job,
        "window opened, \(lateness.inSeconds) s late; records \(plan.stream) until \(plan.paddedEnd)"
      )
      environment.log.info("recording started", ("job", plan.job), ("late", lateness))
    }
  }

  /// The windows are over: told first, then made into files once the tape has them.
  private func close(_ jobs: [JobID]) async throws {
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
        if isComing { await drain(plan.stream, until: plan.paddedEnd, by: deadline) }
        await finish(job)
      }
    }
    applyCaptures()
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
    recordings[job] = nil
  }

  private func apply(_ due: PlanPolicy.Due) {
    environment.captures.want(due.streams.union(draining.keys))
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
