import Base
import HTTPClient
import Media
import Messages
import Storage
import Synchronization

/// One stream's connection and tape: fetches, finds frames, puts them on the tape, and comes back
/// after every failure for as long as anybody needs the stream.
///
/// It decides nothing itself: `CapturePolicy` says when to connect, `SourceReader` what the bytes
/// are, `TapeAssembler` where they belong; `TapeWriter` puts them on disk. It runs on a thread that
/// may block in file calls, shared with a few other captures.
actor Capture {
  nonisolated let stream: StreamID
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread: DedicatedThread
  private let environment: CaptureEnvironment
  private let log: Logger

  private var definition: StreamDefinition
  private var policy: CapturePolicy
  private var tape: LoadedTape?
  private var reader = SourceReader()
  private var connection: CaptureConnection?
  private var playlistDepth = 0

  /// Since when the stream is needed, nil while it is not; `settle` brings the capture in line.
  private let desire = Mutex<Instant?>(nil)
  private var isSettling = false
  private var isWanted = false
  private var wantedAt = Instant.epoch
  private var hasOutage = false
  /// Rows that the database has not taken yet, in order.
  private var changes: [TapeLedger.Change] = []
  private var isWriting = false
  private var ledgerFault: String?
  private var waiters:
    [(instant: Instant, deadline: Instant, done: CheckedContinuation<Void, Never>)] =
      []
  private var reporter: StatusReporter
  private var loop: Task<Void, Never>?

  init(
    _ definition: StreamDefinition, thread: DedicatedThread, environment: CaptureEnvironment
  ) {
    stream = definition.id
    self.definition = definition
    self.thread = thread
    self.environment = environment
    log = environment.log(definition.id)
    policy = CapturePolicy(
      addresses: definition.urls.count,
      seed: UInt64(bitPattern: environment.time.monotonic().nanoseconds))
    reporter = StatusReporter(
      stream: definition.id, node: environment.node, now: environment.time.now())
  }

  /// Says whether the stream is needed; the latest word counts. Returns at once.
  nonisolated func want(_ isNeeded: Bool) {
    let now = environment.time.now()
    let isNews = desire.withLock { desire in
      if (desire != nil) == isNeeded { return false }
      desire = isNeeded ? now : nil
      return true
    }
    if isNews { Task { await settle() } }
  }

  private func settle() async {
    guard !isSettling else { return }
    isSettling = true
    defer { isSettling = false }
    while case let since = desire.withLock({ $0 }), (since != nil) != isWanted {
      if let since { await start(since: since) } else { await stop() }
    }
  }

  /// Begins to capture; a second call changes nothing.
  private func start(since: Instant) async {
    guard !isWanted else { return }
    isWanted = true
    wantedAt = since
    if tape == nil { await load() }
    guard isWanted, tape != nil else { return }
    perform(policy.handle(.wanted, now: environment.time.monotonic()))
    keepTicking()
  }

  /// Ends the connection and closes the tape's open segment; returns when its row is written, or
  /// after five seconds in which disk or database did not take it (the ticking goes on then).
  func stop() async {
    if isWanted {
      isWanted = false
      perform(policy.handle(.unwanted, now: environment.time.monotonic()))
      closeSegment()
      if hasOutage {
        hasOutage = false
        changes.append(.gapClosed(environment.time.now()))
      }
    }
    let deadline = environment.time.monotonic() + .seconds(5)
    await tick()
    while !isStored, environment.time.monotonic() < deadline {
      try? await Task.sleep(for: .milliseconds(20))
      await tick()
    }
  }

  /// Until nothing is wanted, waited for or left to store.
  private func keepTicking() {
    guard loop == nil else { return }
    loop = Task { [weak self] in
      while let self, await self.isBusy {
        await self.tick()
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  private var isBusy: Bool {
    if isWanted || !isStored || !waiters.isEmpty { return true }
    loop = nil
    return false
  }

  /// Takes on new addresses or headers; a running connection to an address that is still listed
  /// goes on.
  func update(_ definition: StreamDefinition) {
    guard definition != self.definition else { return }
    let isSameSource =
      definition.urls == self.definition.urls && definition.headers == self.definition.headers
      && definition.userAgent == self.definition.userAgent
    self.definition = definition
    guard !isSameSource else { return }
    let now = environment.time.monotonic()
    if isWanted { perform(policy.handle(.unwanted, now: now)) }
    policy = CapturePolicy(addresses: definition.urls.count, seed: UInt64(now.nanoseconds))
    if isWanted { perform(policy.handle(.wanted, now: now)) }
  }

  /// Returns when everything up to the instant is on the tape with its rows, or cannot come any
  /// more (the deadline passed, and nothing is waiting for the disk).
  func reach(_ instant: Instant, by deadline: Instant) async {
    await withCheckedContinuation { done in
      waiters.append((instant, deadline, done))
      keepTicking()
    }
  }

  func status() -> CaptureStatus { reporter.current }

  func figures() -> CaptureFigures {
    CaptureFigures(
      isCapturing: reporter.current.state == .capturing,
      writtenBytes: tape?.writer.writtenBytes ?? 0, skippedBytes: reader.scanner.skippedBytes,
      heldSeconds: tape?.writer.heldDuration.inSeconds ?? 0)
  }

  // MARK: -

  private func load() async {
    while isWanted, desire.withLock({ $0 }) != nil {
      do {
        tape = try await LoadedTape.load(stream, environment)
        return
      } catch {
        reporter.note(
          .blocked,
          reason: "The tape's records cannot be read: \(error); recording starts when they can.")
        report()
        log.error("tape not loaded", ("error", "\(error)"))
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func perform(_ actions: [CapturePolicy.Action]) {
    for action in actions {
      switch action {
      case .connect(let address):
        playlistDepth = 0
        connect(to: definition.urls[min(address, definition.urls.count - 1)])
      case .disconnect: disconnect()
      case .outage(let failure): noteOutage(failure)
      case .report(let state, let reason):
        reporter.note(state, reason: reason)
        report()
      }
    }
  }

  private func connect(to url: String) {
    var request = HTTPRequest.endless(url)
    request.headers["Icy-MetaData"] = "1"
    for (name, value) in definition.headers { request.headers[name] = value }
    if let userAgent = definition.userAgent { request.userAgent = userAgent }
    let connection = CaptureConnection(time: environment.time) { [weak self] connection in
      guard let self else { return }
      Task { await self.drain(connection) }
    }
    self.connection = connection
    reader = SourceReader()
    tape?.assembler.connected()
    log.info("connecting", ("url", Redactor.redact(url)))
    connection.attach(environment.client.start(request, into: connection))
  }

  /// Lets go of the connection; its last whole frames are kept.
  private func disconnect() {
    guard let connection else { return }
    self.connection = nil
    connection.cancel()
    consume(connection.take().bytes, arrival: nil)
    _ = reader.finish { scanner in place(scanner, arrival: nil) }
    withTape { tape, emit in tape.assembler.disconnected(emit) }
    closeSegment()
    collectRows()
  }

  private func drain(_ connection: CaptureConnection) async {
    guard connection === self.connection else { return }
    let batch = connection.take()
    if let head = batch.head, let failure = reader.take(head) {
      log.warning("source refused", ("reason", failure.sentence))
      return fail(failure)
    }
    if !batch.bytes.isEmpty, let arrival = batch.arrival {
      consume(batch.bytes, arrival: arrival)
    }
    if let end = batch.end, connection === self.connection { finish(end) }
    collectRows()
    report()
    await writeRows()
  }

  private func consume(_ bytes: [UInt8], arrival: MediaTimeline.Arrival?) {
    guard !bytes.isEmpty else { return }
    let now = environment.time.monotonic()
    let before = reader.frames
    let title = reader.title
    let finding = reader.take(bytes) { scanner in place(scanner, arrival: arrival) }
    // The connection was let go of while its last bytes were being taken.
    guard connection != nil else { return }
    let hasFrames = reader.frames > before
    perform(policy.handle(hasFrames ? .frames : .bytes, now: now))
    if reader.title != title {
      log.info("title", ("title", reader.title ?? ""))
      reporter.note(title: reader.title)
    }
    follow(finding)
  }

  private func follow(_ finding: SourceReader.Finding) {
    switch finding {
    case .audio: break
    case .unusable(let failure): fail(failure)
    case .moved(let url):
      playlistDepth += 1
      guard playlistDepth <= 3 else {
        return fail(.unusable(.playlist, contentType: reader.contentType))
      }
      connection?.cancel()
      connect(to: url)
    }
  }

  private func finish(_ end: CaptureConnection.End) {
    if reader.frames == 0, case .byServer = end {
      switch reader.finish(scanned: { _ in }) {
      case .moved(let url): return follow(.moved(url))
      case .unusable(let failure): return fail(failure)
      case .audio: break
      }
    }
    switch end {
    case .byServer: fail(.closed)
    case .byError(let error): fail(SourceFailure(error))
    }
  }

  private func fail(_ failure: SourceFailure) {
    log.warning("source failed", ("reason", failure.sentence))
    perform(policy.handle(.failed(failure), now: environment.time.monotonic()))
  }

  /// Puts the scanned frames on the tape.
  private func place(_ scanner: borrowing FrameScanner, arrival: MediaTimeline.Arrival?) {
    guard !scanner.frames.isEmpty else { return }
    let arrival =
      arrival
      ?? MediaTimeline.Arrival(
        wall: environment.time.now(), monotonic: environment.time.monotonic())
    let frames = scanner.frames
    scanner.withBytes { window in
      withTape { tape, emit in tape.assembler.take(frames, window, arrival: arrival, emit) }
    }
    if let format = tape?.assembler.format { reporter.note(format: format, frames: frames) }
  }

  private func withTape(_ body: (LoadedTape, TapeAssembler.Emit) -> Void) {
    guard let tape else { return }
    let now = environment.time.monotonic()
    body(tape) { output in
      switch output {
      case .begin(let start, let format, let splice):
        tape.writer.begin(start: start, format: format, splice: splice, now: now)
        if splice != .continuous {
          log.info("tape goes on", ("from", start), ("splice", splice.rawValue))
        }
      case .append(let bytes, let frames, let samples):
        tape.writer.append(bytes, frames: frames, samples: samples, now: now)
      case .relabel(let start): tape.writer.relabel(start: start)
      case .contact(let start):
        if hasOutage { changes.append(.gapClosed(start)) }
        hasOutage = false
      case .leftOut(let start, let end):
        log.warning("source left out audio", ("from", start), ("to", end))
        changes.append(
          .gap(
            Gap(
              start: start, end: end, cause: .sourceStalled,
              detail: "The station sent nothing for a while and went on without closing.")))
      case .clockStepped(let change):
        log.warning("the system clock was set", ("by", change))
      }
    }
  }

  private func noteOutage(_ failure: SourceFailure) {
    // The tape's end is where audio stops; before anything came, the moment it was wanted.
    let start = max(tape?.assembler.end ?? wantedAt, wantedAt)
    changes.append(.gapOpened(hasOutage ? environment.time.now() : start, failure))
    hasOutage = true
  }

  private func tick() async {
    let now = environment.time.monotonic()
    if isWanted { perform(policy.handle(.tick, now: now)) }
    tape?.writer.tick(now: now)
    collectRows()
    report()
    await writeRows()
  }

  /// Everything captured is in files and rows.
  private var isStored: Bool {
    tape?.writer.heldDuration ?? .zero == .zero && changes.isEmpty && !isWriting
  }

  private func closeSegment() {
    tape?.writer.close(now: environment.time.monotonic())
    tape?.assembler.segmentClosed()
  }

  private func collectRows() {
    guard let tape else { return }
    changes += tape.writer.takeClosed().map { .segment($0) }
    for gap in tape.writer.takeLost() {
      log.error("audio was given up", ("from", gap.start), ("to", gap.end), ("why", gap.detail))
      changes.append(.gap(gap))
    }
  }

  private func writeRows() async {
    closeForWaiters()
    // Another task of this actor may be at it; what it does not take along waits for the next tick.
    if !changes.isEmpty, !isWriting {
      isWriting = true
      let batch = changes
      do {
        try await TapeLedger.write(batch, of: stream, to: environment.database)
        changes.removeFirst(batch.count)
        ledgerFault = nil
      } catch {
        if ledgerFault == nil { log.error("tape's rows not written", ("error", "\(error)")) }
        ledgerFault =
          "The recorder's database cannot be written: \(error); what was captured is safe in files."
      }
      isWriting = false
    }
    releaseWaiters()
  }

  /// Whoever waits for a point of the tape needs the segment that holds it closed.
  private func closeForWaiters() {
    guard let end = tape?.assembler.end, tape?.writer.hasOpenSegment ?? false,
      waiters.contains(where: { isDue($0.instant, $0.deadline, end) })
    else { return }
    closeSegment()
    collectRows()
  }

  private func releaseWaiters() {
    let end = tape?.assembler.end ?? .epoch
    let now = environment.time.now()
    // Frames of a segment that was begun since then do not matter; what a faulty disk holds up does.
    let isSafe = tape?.writer.fault == nil && changes.isEmpty && !isWriting
    waiters.removeAll { waiter in
      guard isDue(waiter.instant, waiter.deadline, end),
        isSafe || now > waiter.deadline + .seconds(120)
      else { return false }
      waiter.done.resume()
      return true
    }
  }

  private func isDue(_ instant: Instant, _ deadline: Instant, _ end: Instant) -> Bool {
    (end >= instant && tape?.assembler.isSettled ?? false) || environment.time.now() >= deadline
  }

  private func report() {
    let fault = tape?.writer.fault?.sentence ?? ledgerFault
    if let status = reporter.due(
      fault: isWanted ? fault : nil, at: environment.time.now(),
      monotonic: environment.time.monotonic())
    {
      environment.onStatus(status)
    }
  }
}
