import Base
import Glibc
import Messages
import Metrics
import Service
import Storage

/// Looks after what captures need to go on: room on the disk, memory, and sources that are well.
/// Judges each stream's health, says early what will run short, and gives up what matters less.
///
/// It decides little itself: `HealthScore`, `DiskForesight`, `DiskPressure` and `MemoryPressure` do.
/// It never touches a capture but to give it its score.
actor HealthKeeper {
  struct Environment: Sendable {
    /// The tape folder.
    let root: String
    let database: Database
    let time: any TimeSource
    let captures: CapturePool
    let retention: RetentionKeeper
    let ballast: Ballast
    let pace: DiskPace
    let gate: FinishGate
    let metrics: HealthMetrics
    let board: HealthBoard
    let log: Logger
    /// `[media] reserve_mib`, in bytes.
    let reserve: Int64
    /// A disk that will be full within it is told.
    let warning: Duration
    var memory = MemoryReader()
  }

  static let interval = Duration.seconds(2)
  static let ledgerInterval = Duration.seconds(10)
  static let diskInterval = Duration.seconds(5)
  static let retentionInterval = Duration.seconds(30)
  /// How long people are told of audio that was given up.
  static let lossToldFor = Duration.seconds(900)

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "health")
  private let environment: Environment
  private var histories: [StreamID: HealthHistory] = [:]
  private var foresight = DiskForesight()
  private var pressure: DiskPressure
  private var memory = MemoryPressure()
  private var diskAt: Monotonic?
  /// What was wanted in the last day, and what is missing of it.
  private var ledger: (wanted: [StreamID: [TimeSpan]], missing: [StreamID: [TimeSpan]]) = ([:], [:])
  private var ledgerReadAt: Monotonic?
  private var retentionAt: Monotonic?
  private var written: Int64 = 0
  private var givenUp: (lasting: Duration, at: Monotonic)?

  init(_ environment: Environment) {
    self.environment = environment
    pressure = DiskPressure(reserve: environment.reserve)
  }

  func run() async {
    async let retention: Void = keepTapesInBounds()
    while !Task.isCancelled {
      await look()
      try? await Task.sleep(for: HealthKeeper.interval)
    }
    await retention
  }

  /// One round: also for tests.
  func look() async {
    let now = environment.time.monotonic()
    lookAtMemory()
    if diskAt.map({ now - $0 >= HealthKeeper.diskInterval }) ?? true {
      diskAt = now
      lookAtDisk(now)
    }
    setGate()
    await judge(now)
  }

  /// What heartbeats say of the disk.
  var outlook: (tapeBytesPerSecond: Int64?, diskFullAt: Instant?) {
    let full = foresight.remaining.map { environment.time.now() + $0 }
    return (foresight.tapeBytesPerSecond, full)
  }

  // MARK: - Disk and memory

  private func lookAtMemory() {
    memory.note(environment.memory.read())
    environment.metrics.memoryShort.set(memory.level == .short ? 1 : 0)
    if memory.level == .short {
      environment.board.degraded(
        "memory", "Memory is short: files of recordings are made later; captures go on.")
    } else {
      environment.board.ok("memory")
    }
  }

  private func lookAtDisk(_ now: Monotonic) {
    var status = statvfs()
    guard statvfs(environment.root, &status) == 0 else { return }
    let free = Int64(status.f_bavail) * Int64(status.f_frsize)
    let size = Int64(status.f_blocks) * Int64(status.f_frsize)
    pressure.note(free: free, size: size)
    foresight.note(free: free, written: written, now: now)
    if pressure.level <= .warned { environment.ballast.fill(free: free) }
    let metrics = environment.metrics
    metrics.diskFree.set(Double(free))
    metrics.diskLevel.set(pressure.level.rawValue)
    metrics.tapeGrowth.set(Double(foresight.tapeBytesPerSecond ?? 0))
    metrics.diskRemaining.set(foresight.remaining?.inSeconds ?? -1)
    if let sentence = diskSentence(free, pressure.reserve(ofDisk: size)) {
      environment.board.degraded("disk", sentence)
    } else {
      environment.board.ok("disk")
    }
  }

  private func diskSentence(_ free: Int64, _ reserve: Int64) -> String? {
    let root = environment.root
    let room = "\(root) has \(free >> 20) MiB free"
    switch pressure.level {
    case .emergency:
      return "\(room): tape whose recordings are delivered is removed early; free some space."
    case .spared:
      return "\(room), less than the reserve of \(reserve >> 20) MiB: nothing but tapes is written "
        + "until there is more."
    case .warned, .fine: break
    }
    if let remaining = foresight.remaining, remaining < environment.warning {
      return
        "\(root) will be full in \(HealthScore.span(remaining)) as it is going; free some space, "
        + "or bound the tapes ([recorder] tape_days, tape_gib)."
    }
    return pressure.level == .warned ? "\(room), which is little; free some space." : nil
  }

  private func setGate() {
    let disk =
      pressure.level >= .spared
      ? "the disk has less room than its reserve; the file is made as soon as there is more" : nil
    let short =
      memory.level == .short
      ? "memory is short; the file is made as soon as there is more" : nil
    environment.gate.set(disk: disk, memory: short)
  }

  private func keepTapesInBounds() async {
    while !Task.isCancelled {
      let isEmergency = pressure.level == .emergency
      do {
        try await environment.retention.round(wanted: isEmergency ? room : 0)
        environment.board.ok("retention")
      } catch {
        environment.board.degraded(
          "retention", "Tapes cannot be kept within their bounds: \(error); it is tried again.")
      }
      try? await Task.sleep(
        for: isEmergency ? HealthKeeper.diskInterval : HealthKeeper.retentionInterval)
    }
  }

  /// Bytes to the reserve.
  private var room: Int64 {
    var status = statvfs()
    guard statvfs(environment.root, &status) == 0 else { return 0 }
    let free = Int64(status.f_bavail) * Int64(status.f_frsize)
    let size = Int64(status.f_blocks) * Int64(status.f_frsize)
    return max(0, pressure.reserve(ofDisk: size) - free)
  }

  // MARK: - Streams

  private func judge(_ now: Monotonic) async {
    let latency = environment.pace.take()
    let wall = environment.time.now()
    await readLedger(now)
    var written: Int64 = 0
    for capture in environment.captures.all {
      let vitals = await capture.vitals()
      written += vitals.writtenBytes
      let stream = capture.stream
      // Sound of its own is judged with its picture.
      if stream.isSound { continue }
      guard vitals.isWanted else {
        histories[stream] = nil
        environment.metrics.health.remove(stream.text)
        await capture.note(health: nil)
        continue
      }
      let lately = histories[stream, default: HealthHistory()].note(vitals.totals, now: now)
      let health = HealthScore.score(
        HealthScore.Vitals(
          outage: vitals.outage, outageSentence: vitals.outageSentence, finding: vitals.finding,
          isTold: vitals.isTold, address: vitals.address, diskFault: vitals.diskFault,
          held: vitals.held, writeLatency: latency,
          lastHour: account(stream, .seconds(3600), wall),
          lastDay: account(stream, .seconds(86_400), wall),
          outages: lately.outages, stalls: lately.stalls,
          uncertainSplices: lately.uncertainSplices, givenUp: lately.givenUp))
      environment.metrics.health.with(stream.text).set(health.score)
      await capture.note(health: health)
      noteLoss(lately.givenUp, now)
    }
    self.written = written
    tellLoss(now)
  }

  private func readLedger(_ now: Monotonic) async {
    guard ledgerReadAt.map({ now - $0 >= HealthKeeper.ledgerInterval }) ?? true else { return }
    ledgerReadAt = now
    let wall = environment.time.now()
    // What cannot be read now is as it was.
    let read = try? await environment.database.read { transaction in
      (
        try WantedCatalog.spans(since: wall - .seconds(86_400), transaction),
        try GapCatalog.missing(since: wall - .seconds(86_400), to: wall, transaction)
      )
    }
    ledger = read ?? ledger
  }

  private func account(
    _ stream: StreamID, _ span: Duration, _ wall: Instant
  ) -> HealthScore.Account {
    func total(_ spans: [TimeSpan]?) -> Duration {
      (spans ?? []).compactMap { $0.clamped(from: wall - span, to: wall) }.united().total
    }
    let missing = total(ledger.missing[stream])
    return HealthScore.Account(wanted: max(total(ledger.wanted[stream]), missing), missing: missing)
  }

  private func noteLoss(_ lasting: Duration, _ now: Monotonic) {
    guard lasting > givenUp?.lasting ?? .zero else { return }
    givenUp = (lasting, now)
  }

  private func tellLoss(_ now: Monotonic) {
    guard let loss = givenUp, now - loss.at < HealthKeeper.lossToldFor else {
      givenUp = nil
      return environment.board.ok("lost-audio")
    }
    environment.board.degraded(
      "lost-audio",
      "\(HealthScore.span(loss.lasting)) of captured sound were given up, because the disk did not "
        + "take them for longer than memory could hold them.")
  }
}
