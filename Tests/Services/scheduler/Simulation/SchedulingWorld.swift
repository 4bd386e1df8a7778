import Base
import FoundationEssentials
import Messages
import Storage
import Testing

@testable import Bus
@testable import airloom_scheduler

/// The real scheduler with a real database, and simulated recorders in a hostile world: recorders die
/// and come back, messages pass late or not for a while, the scheduler is killed between any two
/// steps, people change their minds. The bus itself is under its own simulator; here its promises hold
/// (in order, and each takes effect once), and nothing else.
final class SchedulingWorld {
  let bench: SchedulerBench
  var generator: SplitMix64
  var recorders: [NodeID: SimulatedRecorder] = [:]
  /// What recorders have said and the scheduler has not heard yet, in order.
  private var said: [NodeID: [any DurableMessage]] = [:]
  /// Up to where the scheduler's log was read, by channel.
  private var read: [String: Int64] = [:]
  private(set) var violations: [String] = []
  private var states: [JobID: Recording] = [:]
  /// The canonical files of each recording, in order.
  private(set) var canonical: [JobID: [String]] = [:]
  /// How often a recording's end was moved after it was committed.
  private var reopened: [JobID: Int] = [:]
  private var failed: Set<JobID> = []
  /// Recordings whose end was moved: what nobody wanted before cannot be on the tape.
  private(set) var moved: Set<JobID> = []
  private(set) var deaths = 0
  private(set) var kept = 0
  private var count = 0
  private(set) var isHealing = false

  static let streams = (0..<6).map { StreamID(unchecked: "s\($0)") }
  static let doubled = Set(streams.prefix(2))

  init(seed: UInt64) async throws {
    bench = try SchedulerBench(limit: 5)
    generator = SplitMix64(seed: seed)
    for number in 1...3 {
      let node = NodeID(unchecked: "recorder-\(number)")
      recorders[node] = SimulatedRecorder(node: node, at: bench.time.now())
    }
    for stream in Self.streams {
      try await bench.command(
        PutStream(
          stream: StreamDefinition(
            id: stream, name: stream.text, urls: ["http://h/"],
            isDoubled: Self.doubled.contains(stream) ? true : nil), mustBeNew: true))
    }
  }

  func roll(_ limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }

  func step() async throws {
    bench.advance(.seconds(Int64(1 + roll(12))))
    if !isHealing { try await misfortune() }
    if !isHealing { try await wish() }
    try await exchange()
    if !isHealing, roll(25) == 0 { try bench.crash() }
    for node in recorders.keys.sorted() where recorders[node]?.isReachable(at: now) ?? false {
      try heartbeat(node)
    }
    try await bench.step()
    try await check()
  }

  /// All is well from now on, nothing new is begun, and half a day passes.
  func heal() async throws {
    isHealing = true
    for node in recorders.keys {
      recorders[node]?.isAlive = true
      recorders[node]?.cutUntil = .epoch
    }
    for _ in 0..<120 { try await step() }
    for _ in 0..<60 {
      bench.advance(.seconds(900))
      for _ in 0..<2 { try await step() }
    }
    for entry in try await bench.recordings() where !entry.recording.state.isFinal {
      violated("I1", "\(entry.id) is \(entry.recording.state) for ever")
    }
    for entry in try await bench.recordings() where entry.recording.state == .missed {
      if entry.recording.reason?.isEmpty ?? true { violated("I1", "\(entry.id) misses a reason") }
    }
  }

  private var now: Instant { bench.time.now() }

  private func misfortune() async throws {
    for node in recorders.keys.sorted() {
      guard let recorder = recorders[node] else { continue }
      if recorder.isAlive, roll(40) == 0 {
        recorders[node]?.isAlive = false
        recorders[node]?.deadUntil = now + .seconds(Int64(3 + roll(90)))
        deaths += 1
      } else if !recorder.isAlive, now >= recorder.deadUntil {
        recorders[node]?.isAlive = true
      }
      if roll(60) == 0 { recorders[node]?.cutUntil = now + .seconds(Int64(roll(120))) }
    }
  }

  /// What people do.
  private func wish() async throws {
    let stream = Self.streams[roll(Self.streams.count)]
    switch roll(12) {
    case 0...2:
      count += 1
      var schedule = SchedulerBench.once(
        "show-\(count)", at: now + .seconds(Int64(5 + roll(200))), seconds: 20 + roll(120))
      schedule.stream = stream
      schedule.priority = roll(4)
      schedule.paddingAfterSeconds = roll(10)
      try await bench.put(schedule)
    case 3:
      let start = now - .seconds(Int64(roll(300)))
      count += 1
      let outcome = try await bench.command(
        KeepTape(
          stream: stream, title: "Kept", start: start, end: start + .seconds(Int64(10 + roll(200)))),
        id: MessageID(unchecked: "keep-\(count)"))
      if outcome.refusal == nil { kept += 1 }
    case 4...5:
      let all = try await bench.recordings()
      guard !all.isEmpty else { return }
      let entry = all[roll(all.count)]
      let end = entry.recording.end + .seconds(Int64(roll(90) - 20))
      let outcome = try await bench.command(EndRecording(recording: entry.id, end: end))
      guard outcome.refusal == nil else { return }
      moved.insert(entry.id)
      if entry.recording.state == .committed { reopened[entry.id, default: 0] += 1 }
    case 6 where roll(6) == 0:
      let all = try await bench.recordings().filter { !$0.recording.state.isFinal }
      guard !all.isEmpty else { return }
      try await bench.command(CancelRecording(recording: all[roll(all.count)].id))
    default: break
    }
  }

  /// Messages pass between those who reach each other, sometimes later.
  private func exchange() async throws {
    for node in recorders.keys.sorted() {
      let events = recorders[node]?.live(to: now) ?? []
      said[node, default: []] += events
      guard recorders[node]?.isReachable(at: now) ?? false, isHealing || roll(4) > 0 else {
        continue
      }
      try await receive(node)
      for event in said[node] ?? [] {
        if let event = event as? RecordingFailed { failed.insert(event.job) }
        try await bench.event(event, from: node)
      }
      said[node] = []
      for stream in Self.streams where !(recorders[node]?.tape[stream] ?? []).isEmpty {
        guard roll(20) == 0 else { continue }
        let status = CaptureStatus(stream: stream, node: node, state: .capturing, since: now)
        try await bench.event(CaptureChanged(status: status), from: node)
      }
    }
  }

  private func receive(_ node: NodeID) async throws {
    let after = read[node.text] ?? 0
    let rows = try await bench.database.read { transaction in
      try transaction.all(
        """
        SELECT sequence, type, body FROM bus_log WHERE channel = ? AND sequence > ?
        ORDER BY sequence
        """, node.text, after
      ) { row throws(StorageError) in (try row.int64(0), try row.text(1), try row.blob(2)) }
    }
    for (sequence, type, body) in rows {
      read[node.text] = sequence
      let data = Data(body)
      if type == DesiredSet.type {
        let set = try JSONDecoder().decode(DesiredSet.self, from: data)
        said[node, default: []] += recorders[node]?.take(set) ?? []
      } else if type == RecordingSettled.type {
        recorders[node]?.take(try JSONDecoder().decode(RecordingSettled.self, from: data))
      }
    }
  }

  private func heartbeat(_ node: NodeID) throws {
    let set = recorders[node]?.set
    try bench.heartbeat(
      node,
      load: RecorderLoad(
        freeCaptures: 2, activeCaptures: 1, diskFreeBytes: 1 << 40,
        desiredVersion: set?.version ?? 0, desiredDigest: set?.digest ?? ""))
  }

  // MARK: Invariants

  private func check() async throws {
    let after = read["*"] ?? 0
    let rows = try await bench.database.read { transaction in
      try transaction.all(
        """
        SELECT sequence, body FROM bus_log
        WHERE channel = '*' AND type = ? AND sequence > ? ORDER BY sequence
        """, RecordingChanged.type, after
      ) { row throws(StorageError) in (try row.int64(0), try row.blob(1)) }
    }
    for (sequence, body) in rows {
      read["*"] = sequence
      check(try JSONDecoder().decode(RecordingChanged.self, from: Data(body)).recording)
    }
  }

  private func check(_ recording: Recording) {
    let job = recording.id
    let before = states.updateValue(recording, forKey: job)
    if let before {
      if recording.token < before.token { violated("I5", "\(job): its token went back") }
      let wasRunning = before.state == .recording && before.paddedEnd > now
      if wasRunning, recording.state == .planned, !failed.contains(job) {
        violated("cut", "\(job) was running and lost its recorder")
      }
      if before.state == .missed || before.state == .cancelled, recording.state != before.state {
        violated("I1", "\(job) was \(before.state) and became \(recording.state)")
      }
      if before.state == .committed, recording.state != .committed, reopened[job] == nil {
        violated("I2", "\(job) was committed and became \(recording.state)")
      }
    }
    guard recording.state == .committed, let file = recording.file else { return }
    if canonical[job]?.last != file.name { canonical[job, default: []].append(file.name) }
    let names = canonical[job] ?? []
    if names.count > 1 + (reopened[job] ?? 0) {
      violated("I2", "\(job) has the canonical files \(names)")
    }
    if Set(names).count != names.count { violated("I2", "\(job) took a file back: \(names)") }
  }

  private func violated(_ invariant: String, _ text: String) {
    violations.append("\(invariant) at \(now): \(text)")
  }
}
