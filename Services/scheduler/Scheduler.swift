internal import Base
internal import Bus
internal import Messages
internal import Metrics
internal import Storage

/// The loop that turns schedules into recordings: plans a day ahead, gives work to recorders, and
/// notices what was missed.
///
/// Each step looks at what has changed and brings it in line, in transactions of its own; a step that
/// fails (disk full) leaves everything to be looked at again. Nothing here is needed at the instant of
/// a start: recorders start by the plans that they hold. What is in memory is rebuilt from the
/// database at any time, and is after each failure and after each step of the wall clock.
///
/// It runs on the database's thread, so that no transaction is ever waited for.
actor Scheduler {
  struct Settings: Sendable {
    /// How far ahead recordings are planned.
    var horizon: Duration = .seconds(86_400)
    /// The most streams that are recorded at once by all recorders together; nil is without limit.
    var maximumRecordings: Int?
    /// Work of a silent recorder that starts later than this is left with it for now.
    var urgency: Duration = .seconds(900)
    var overdue = OverduePolicy()
    /// How long a stream or a recorder may be away before people are told.
    var alertsAfter: Duration = .seconds(60)
  }

  /// Where the process around it is told and asked.
  struct Surroundings: Sendable {
    /// Whether anything new may be planned and given out; what was goes on either way.
    var takesNewWork: @Sendable () -> Bool = { true }
    /// Called after each step, with what keeps it from working, in one sentence.
    var afterStep: @Sendable (_ fault: String?) -> Void = { _ in }
  }

  /// What a recorder was sent, and when.
  struct Sent: Sendable {
    var desired: RecorderCatalog.Desired
    var at: Monotonic
  }

  let settings: Settings
  let database: Database
  let book: RecordingBook
  let outbox: Outbox
  let signals: Signals
  let roster: SharedRoster
  let surroundings: Surroundings
  let time: any TimeSource
  let log: Logger

  let startedAt: Monotonic
  var planner: OccurrencePlanner
  /// When the next recording that should have ended is to be looked at.
  var deadline: Instant?
  var sent: [NodeID: Sent] = [:]
  var alerts: AlertPolicy
  var healthAlerts: HealthAlertPolicy
  var alertsLookedAt: Monotonic?
  var pending = Signals.Changes()
  var isLoaded = false
  var zonesCheckedAt: Monotonic
  var assignedAt: Monotonic?
  /// When files that are kept for a better one were last looked at.
  var heldLookedAt: Monotonic?
  /// When it was last looked at whether something should be moved.
  var rebalancedAt: Monotonic?
  /// Whether something waited for a recorder when it was last looked at.
  var isAnythingWaiting = false
  private var measuredAt: Monotonic?
  /// What keeps it from working now, in one sentence.
  private(set) var fault: String?

  nonisolated var unownedExecutor: UnownedSerialExecutor { database.unownedExecutor }

  init(
    settings: Settings, database: Database, book: RecordingBook, outbox: Outbox,
    signals: Signals, roster: SharedRoster, surroundings: Surroundings = Surroundings(),
    time: any TimeSource, log: Logger
  ) {
    self.settings = settings
    self.database = database
    self.book = book
    self.outbox = outbox
    self.signals = signals
    self.roster = roster
    self.surroundings = surroundings
    self.time = time
    self.log = log
    planner = OccurrencePlanner(horizon: settings.horizon)
    alerts = AlertPolicy(holdOff: settings.alertsAfter)
    healthAlerts = HealthAlertPolicy(holdOff: settings.alertsAfter)
    startedAt = time.monotonic()
    zonesCheckedAt = startedAt
  }

  /// Works until the task is cancelled.
  func run() async throws {
    let signals = signals
    let alarm = try AlarmClock(named: "planning") { event in
      if event == .clockStepped {
        signals.note { $0.isClockStepped = true }
      } else {
        signals.wake()
      }
    }
    defer { alarm.stop() }
    await withTaskCancellationHandler {
      signals.wake()
      for await _ in signals.wakes where !Task.isCancelled {
        await step()
        alarm.set(nextWake())
      }
    } onCancel: {
      signals.finish()
    }
  }

  /// Looks at everything that has changed, once. Lets the bus have the thread between batches.
  func step() async {
    merge(signals.take())
    let begun = time.monotonic()
    let takesNewWork = surroundings.takesNewWork()
    do {
      if pending.isClockStepped { log.warning("the wall clock was stepped; planning anew") }
      if !isLoaded || pending.isClockStepped { try load() }
      try checkZones()
      try takeChangedSchedules()
      if takesNewWork { try await enterDueOccurrences() }
      try noteComingAndGoing()
      try endOverdue()
      try settleHeld()
      if takesNewWork { try await assign() }
      try sendDesiredSets()
      try raiseAlerts()
      try measure()
      fault = nil
    } catch {
      // Whatever memory and database disagree about now, loading again puts right.
      isLoaded = false
      let text = "\(error)"
      if fault != text { log.error("planning does not work", ("reason", text)) }
      fault = text
    }
    book.metrics.steps.observe(time.monotonic() - begun)
    surroundings.afterStep(fault)
  }

  func write<Result: Sendable>(_ body: @Sendable (Transaction) throws -> Result) throws -> Result {
    try database.assumeIsolated { try $0.write(body) }
  }

  func read<Result: Sendable>(_ body: @Sendable (Transaction) throws -> Result) throws -> Result {
    try database.assumeIsolated { try $0.read(body) }
  }

  /// Brings the gauges up to date, now and then.
  private func measure() throws {
    let metrics = book.metrics
    metrics.schedules.set(planner.count)
    let members = roster.withLock { $0.members.values.map(\.isPresent) }
    metrics.presentRecorders.set(members.count { $0 })
    metrics.silentRecorders.set(members.count { !$0 })
    let now = time.monotonic()
    guard measuredAt.map({ now - $0 >= .seconds(10) }) ?? true else { return }
    measuredAt = now
    metrics.setUnfinished(try read { try RecordingCatalog.unfinishedCounts($0) })
  }

  /// A second from now at the latest while anything can fall silent or be out of step; that costs
  /// nothing measurable, since such a step only looks at memory.
  private func nextWake() -> Instant? {
    let now = time.now()
    if fault != nil { return now + .seconds(5) }
    // What is due while nothing new is taken would wake it without end.
    guard surroundings.takesNewWork() else { return now + .seconds(1) }
    return min(now + .seconds(1), planner.nextDueAt ?? .distantFuture)
  }

  func merge(_ changes: Signals.Changes) {
    pending.schedules.formUnion(changes.schedules)
    pending.recorders.formUnion(changes.recorders)
    pending.needsAssignment = pending.needsAssignment || changes.needsAssignment
    pending.needsDeadline = pending.needsDeadline || changes.needsDeadline
    pending.isClockStepped = pending.isClockStepped || changes.isClockStepped
  }
}
