import Base

@testable import Bus

/// What scheduler, recorders, delivery and gateway say over the bus, reduced to what I1–I5 are about.
extension Simulation {
  static let lease: Int64 = 15_000

  private var recorders: [NodeID] { order.filter { nodes[$0]?.role == .recorder } }

  mutating func work(_ id: NodeID) {
    switch nodes[id]?.role {
    case .scheduler: schedule()
    case .recorder: record(id)
    case .giver: command(from: id)
    case .follower: command(from: id)
    case nil: break
    }
    if roll(10) == 0 {
      for (channel, through) in nodes[id]?.disk.prune() ?? [] {
        nodes[id]?.core?.pruned(channel, through: through)
      }
    }
  }

  private mutating func command(from id: NodeID) {
    guard !isHealing, roll(3) == 0 else { return }
    sentCommands += 1
    outstanding[sentCommands] = id
    append(.command(sentCommands), to: .node(Simulation.scheduler), at: id)
  }

  // MARK: Scheduler

  private mutating func schedule() {
    let me = Simulation.scheduler
    if !isHealing, roll(4) == 0 { plan() }
    var changed: Set<NodeID> = []
    for job in (nodes[me]?.disk.jobs.values.filter { !$0.state.isFinal } ?? [])
      .sorted(by: { $0.id < $1.id })
    {
      changed.formUnion(decide(job))
    }
    for recorder in changed.sorted() { sendDesired(to: recorder) }
  }

  private mutating func plan() {
    planned += 1
    let start = now + roll(60_000)
    let end = start + 1000 + roll(30_000)
    let schedule = ScheduleID(unchecked: "s\(planned)")
    let id = JobID.occurrence(of: schedule, startingAt: instant(start))
    let job = JobRecord(id: id, start: instant(start), end: instant(end))
    nodes[Simulation.scheduler]?.disk.jobs[id] = job
    append(.jobChanged(id, "\(job.state)"), to: .followers, at: Simulation.scheduler)
  }

  /// Assigns, re-assigns or gives up one job; whose sets have changed.
  private mutating func decide(_ before: JobRecord) -> [NodeID] {
    var job = before
    var changed: [NodeID] = []
    if instant(now) > job.end + .milliseconds(Simulation.grace) {
      job.miss(reason: job.holder == nil ? "no recorder" : "recorder dead")
      changed += [before.holder].compactMap { $0 }
    } else if job.isAssignable(at: instant(now)), instant(now) < job.end, let node = awake() {
      changed += [job.holder, node].compactMap { $0 }
      job.assign(to: node, until: instant(now + Simulation.lease))
      highestToken[job.id] = max(highestToken[job.id] ?? 0, job.token)
    }
    if job != before { store(job) }
    return changed
  }

  private mutating func awake() -> NodeID? {
    let heard = nodes[Simulation.scheduler]?.heardAt ?? [:]
    let awake = recorders.filter { now - (heard[$0] ?? -100_000) < 5000 }
    return awake.isEmpty ? nil : awake[Int(roll(Int64(awake.count)))]
  }

  private mutating func store(_ job: JobRecord) {
    let before = nodes[Simulation.scheduler]?.disk.jobs[job.id]
    nodes[Simulation.scheduler]?.disk.jobs[job.id] = job
    if before?.state != job.state {
      append(.jobChanged(job.id, "\(job.state)"), to: .followers, at: Simulation.scheduler)
    }
  }

  private mutating func sendDesired(to recorder: NodeID) {
    let me = Simulation.scheduler
    let version = (nodes[me]?.disk.desiredVersions[recorder] ?? 0) + 1
    nodes[me]?.disk.desiredVersions[recorder] = version
    let held = nodes[me]?.disk.jobs.values.filter { $0.holder == recorder && !$0.state.isFinal }
    let plans = (held ?? []).map {
      SimulatedPlan(
        job: $0.id, token: $0.token, start: $0.start.microseconds / 1000,
        end: $0.end.microseconds / 1000)
    }.sorted { $0.job < $1.job }
    append(
      .desired(SimulatedSet(version: version, plans: plans)), to: .node(recorder), at: me)
  }

  mutating func renewLeases(of recorder: NodeID) {
    guard let jobs = nodes[Simulation.scheduler]?.disk.jobs else { return }
    for (id, job) in jobs where job.holder == recorder && !job.state.isFinal {
      var renewed = job
      renewed.renew(by: recorder, until: instant(now + Simulation.lease))
      nodes[Simulation.scheduler]?.disk.jobs[id] = renewed
    }
  }

  // MARK: Recorder

  /// Says that it is alive, and publishes the result of every window that has ended. What it holds
  /// is recorded whether or not anybody else is awake.
  private mutating func record(_ id: NodeID) {
    if roll(100) >= weather.drop { queue.add(.heartbeat(from: id), at: now + roll(500)) }
    guard let disk = nodes[id]?.disk else { return }
    for plan in disk.desired.plans where plan.end <= now && !disk.finished.contains(plan) {
      nodes[id]?.disk.finished.insert(plan)
      append(.finished(plan), to: .node(Simulation.scheduler), at: id)
    }
  }

  // MARK: Effects

  mutating func effect(of entry: LogEntryRecord, from producer: NodeID, at id: NodeID) {
    let index = entry.body.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    switch messages[Int(index)] {
    case .desired(let set):
      if set.version > nodes[id]?.disk.desired.version ?? 0 { nodes[id]?.disk.desired = set }
    case .finished(let plan): commit(plan)
    case .jobChanged(let job, let state): nodes[id]?.disk.copies[job] = state
    case .command(let number):
      if outstanding.removeValue(forKey: number) == nil, number > lost {
        violated("I4", "command \(number) was applied twice")
      }
    }
  }

  private mutating func commit(_ plan: SimulatedPlan) {
    guard var job = nodes[Simulation.scheduler]?.disk.jobs[plan.job] else {
      return violated("I1", "a result came for a job that nobody planned")
    }
    let outcome = job.commit(token: plan.token)
    store(job)
    guard outcome == .accepted else { return }
    commits[plan.job, default: []].append(plan.token)
    if commits[plan.job, default: []].count > 1 { violated("I2", "\(plan.job) committed twice") }
    if let highest = highestToken[plan.job], plan.token < highest {
      violated("I5", "\(plan.job): token \(plan.token) became canonical, \(highest) was given out")
    }
  }

  // MARK: At rest

  mutating func checkAtRest() {
    guard let scheduler = nodes[Simulation.scheduler]?.disk else { return }
    for job in scheduler.jobs.values where !job.state.isFinal {
      violated("I1", "\(job.id) ended as \(job.state)")
    }
    for id in order {
      guard let disk = nodes[id]?.disk else { continue }
      for (channel, extent) in disk.extents {
        guard case .node(let consumer) = channel else { continue }
        let source = Source(producer: id, channel: channel)
        if nodes[consumer]?.disk.intakes[source]?.position?.cursor != extent.head {
          violated("I4", "\(consumer) never applied all that \(id) told it")
        }
      }
    }
    if !outstanding.isEmpty {
      violated("I4", "commands \(outstanding.keys.sorted()) were given and never applied")
    }
    let copies = nodes[NodeID(unchecked: "gateway")]?.disk.copies ?? [:]
    let truth = scheduler.jobs.mapValues { "\($0.state)" }
    if copies != truth {
      let wrong = truth.filter { copies[$0.key] != $0.value }.count
      violated("I4", "the gateway's copy differs in \(wrong) of \(truth.count) jobs")
    }
  }

  func instant(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }
}
