import Base
import HTTPClient
import Media
import Messages
import Metrics
import Storage
import Synchronization

/// One stream's connection and tape: fetches, finds frames, puts them on the tape, and comes back
/// after every failure for as long as anybody needs the stream. Where the address turns out to be an
/// HLS playlist, it fetches that stream's segments instead (`Capture+HLS`).
///
/// It decides nothing itself: `CapturePolicy` says when to connect, `SourceReader` what the bytes
/// are, `TapeAssembler` where they belong; `TapeWriter` puts them on disk. It runs on a thread that
/// may block in file calls, shared with a few other captures.
actor Capture {
  nonisolated let stream: StreamID
  nonisolated var unownedExecutor: UnownedSerialExecutor { lane.thread.asUnownedSerialExecutor() }

  nonisolated let lane: CaptureLane
  let environment: CaptureEnvironment
  let log: Logger

  var definition: StreamDefinition
  var policy: CapturePolicy
  var tape: LoadedTape?
  var reader = SourceReader()
  var connection: CaptureConnection?
  /// Where its bytes of sound stand on it, and which of them are safe.
  var map = RestartMap()
  var marks = LineMarks()
  /// A connection that outlived an earlier process, until it is gone on with; and up to where what it
  /// brought meanwhile is to be caught up with.
  var heldLine: (line: HeldLine, known: [UInt64]?)?
  var resumeAt: LineBookmark?
  /// Another connection that is to take the place of one that works.
  var handover = Handover()
  var backlogEnd: Int64?
  /// Where it leads to.
  var address = ""
  /// A second one, while the first is silent.
  var probe: CaptureProbe?
  /// What is wrong with what comes, and a better connection.
  var watch: CaptureWatch
  var playlistDepth = 0
  /// What a list named beside the address that is tried.
  var listed: [String] = []
  /// What must stand before frames of an Ogg stream, by their format's setup.
  var preambles: [UInt64: [UInt8]] = [:]
  /// Where the page's stream is, while the address is a page.
  var resolved: ResolvedSource?
  var resolvedAt = Instant.epoch
  /// Which coding ffprobe was asked about.
  var described: Coding?
  /// That page.
  var page: String?
  var renewAfter = Instant.epoch
  /// Asks again before that address expires.
  var renewal: PageRenewal?
  /// Once the stream was an endless transport stream.
  var transport: TransportAssembler?
  /// The chunks that an adopted line brings again, should it turn out to be such a stream.
  var replayedChunks: [UInt64]?
  /// While the address is an HLS playlist.
  var hls: HLSSession?
  /// Where the list of the last one ended, and how long what it listed may be waited for.
  var listedEnd: Instant?
  var listedLatency = Duration.zero
  /// Counts the times that one was begun, so that a late beginning is recognised.
  var relays = 0
  /// Variants of a master playlist whose own playlists never came.
  var deadVariants: Set<String> = []
  let media: MediaStore

  /// Since when the stream is needed, nil while it is not; `settle` brings the capture in line.
  private let desire = Mutex<Instant?>(nil)
  private var isSettling = false
  var isWanted = false
  var wantedAt: Instant { book.wantedAt }
  /// What the ledger was told.
  var book = LedgerBook()
  /// Why nothing comes, as the ledger was told; nil while something does.
  var outage: SourceFailure? { book.outage }
  var hasOutage: Bool { outage != nil }
  /// Rows that the database has not taken yet, in order.
  var changes: [TapeLedger.Change] = []
  var isWriting = false
  var ledgerFault: String?
  var waiters: [(instant: Instant, deadline: Instant, done: CheckedContinuation<Void, Never>)] =
    []
  var reporter: StatusReporter
  /// The as-run log's last entry; nil while it is not known.
  var lastTitle: AnnouncedTitle?

  init(
    _ definition: StreamDefinition, lane: CaptureLane, environment: CaptureEnvironment
  ) {
    stream = definition.id
    self.definition = definition
    self.lane = lane
    self.environment = environment
    log = environment.log(definition.id)
    media = MediaStore(
      root: environment.root, disk: environment.disk, memory: environment.memory)
    policy = CapturePolicy(
      addresses: definition.urls.count, limits: environment.settings.limits,
      seed: UInt64(bitPattern: environment.time.monotonic().nanoseconds))
    watch = CaptureWatch(
      addresses: definition.urls.count, limits: environment.settings.trials)
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

  /// Whether what was asked for last is done.
  var isSettled: Bool { !isSettling && desire.withLock { $0 != nil } == isWanted }

  /// Begins to capture; a second call changes nothing.
  private func start(since: Instant) async {
    guard !isWanted else { return }
    isWanted = true
    changes += book.wanted(since: since)
    if tape == nil {
      await load()
      await recallDescription()
    }
    guard isWanted, tape != nil else { return }
    await findHeldLine()
    guard isWanted else { return }
    perform(policy.handle(.wanted, now: environment.time.monotonic()))
    keepTicking()
  }

  /// Ends the connection and closes the tape's open segment; returns when its row is written, or
  /// after five seconds in which disk or database did not take it (the ticking goes on then).
  func stop() async {
    if isWanted {
      isWanted = false
      // What a station lists and was not fetched will not come any more.
      let settled = hls?.policy.settledEnd
      perform(policy.handle(.unwanted, now: environment.time.monotonic()))
      closeSegment()
      endTitles()
      changes += book.unwanted(
        at: environment.time.now(), tapeEnd: settled ?? tapeEnd, isListed: settled != nil)
    }
    let deadline = environment.time.monotonic() + .seconds(5)
    tick()
    await writeRows()
    while !isStored, environment.time.monotonic() < deadline {
      try? await Task.sleep(for: .milliseconds(20))
      tick()
      await writeRows()
    }
  }

  /// Until nothing is wanted, waited for, left to store or to tell.
  func keepTicking() { lane.assumeIsolated { $0.keep(self) } }

  var isBusy: Bool { isWanted || !isStored || !waiters.isEmpty || !reporter.isStateTold }

  /// Whether `writeRows` has something to do.
  var hasRowsToWrite: Bool { !changes.isEmpty && !isWriting || !waiters.isEmpty }

  /// Takes on new addresses or headers; a running connection to an address that is still listed
  /// goes on.
  func update(_ definition: StreamDefinition) {
    guard definition != self.definition else { return }
    let isSameSource =
      definition.urls == self.definition.urls && definition.headers == self.definition.headers
      && definition.userAgent == self.definition.userAgent
      && definition.maximumHeight == self.definition.maximumHeight
      && definition.maximumBitsPerSecond == self.definition.maximumBitsPerSecond
      && definition.soundLanguage == self.definition.soundLanguage
    self.definition = definition
    guard !isSameSource else { return }
    environment.onSound(definition, nil)
    if !handOverToNewSource() { replaceSource() }
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
      writtenBytes: (tape?.writer.writtenBytes ?? 0) + media.writtenBytes,
      skippedBytes: reader.scanner.skippedBytes,
      heldSeconds: (tape?.writer.heldDuration ?? .zero).inSeconds + media.heldDuration.inSeconds,
      fault: tape?.writer.fault?.sentence ?? media.fault?.sentence ?? ledgerFault)
  }

  // MARK: -

  private func load() async {
    while isWanted, desire.withLock({ $0 }) != nil {
      do {
        let loaded = try await LoadedTape.load(stream, environment)
        lastTitle = try await environment.database.read { [stream] in
          try TitleCatalog.last(stream, $0)
        }
        tape = loaded
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

  func perform(_ actions: [CapturePolicy.Action]) {
    for action in actions {
      switch action {
      case .connect(let address):
        playlistDepth = 0
        listed = []
        forgetPage()
        connect(to: definition.urls[min(address, definition.urls.count - 1)])
      case .disconnect: disconnect()
      case .probe(let address): startProbe(at: address)
      case .dropProbe: dropProbe()
      case .promoteProbe: promoteProbe()
      case .resumed: forgetOutage()
      case .outage(let failure): noteOutage(failure)
      case .report(let state, let reason):
        if state == .stalled { watch.counts.stalls += 1 }
        reporter.note(address: policy.address)
        reporter.note(state, reason: reason)
        report()
      }
    }
  }

  func noteOutage(_ failure: SourceFailure) {
    // What a station has listed may still be had.
    let doubt =
      failure.cause == .sourceStalled ? connection?.doubt(environment.time.monotonic()) : nil
    let failure = doubt ?? failure
    changes += book.outage(
      failure, at: environment.time.now(), tapeEnd: hls?.policy.tapeEnd ?? tapeEnd)
    watch.counts.outages += 1
    environment.metrics.outages.with(failure.cause.rawValue).increment()
  }

  /// The connection goes on where it was: nothing is missing.
  private func forgetOutage() { changes += book.resumed() }

  /// Several times a second while it is busy; `writeRows` follows.
  func tick() {
    let now = environment.time.monotonic()
    tickPage(now)
    changes += book.tick(wall: environment.time.now(), monotonic: now)
    if isWanted { perform(policy.handle(.tick, now: now)) }
    tape?.tick(now: now)
    media.tick(now: now)
    tickHLS(now)
    tickHandover(now)
    tickWatch(now)
    collectRows()
    report()
  }

  /// Where what is captured ends; nil while there is nothing.
  var tapeEnd: Instant? {
    hls?.policy.settledEnd
      ?? [tape?.assembler.end, transport?.end, listedEnd].compactMap(\.self).max()
  }

  /// Everything captured is in files and rows.
  var isStored: Bool {
    (tape?.writer.heldDuration ?? .zero) + media.heldDuration == .zero && changes.isEmpty
      && !isWriting
  }
}
