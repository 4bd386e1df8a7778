internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Takes what recorders say of their work into the account of recordings.
///
/// Messages may come twice, late or out of order, from a recorder that lost its work to another: each
/// is judged by the fencing token and the state alone. The one that makes a file canonical settles
/// everything in one transaction (`Settlement`): the state, the deliveries, and the answers. A crash
/// before its commit leaves the message unapplied and it comes again; after it, nothing is left to do.
struct RecorderEvents: Sendable {
  let book: RecordingBook
  let outbox: Outbox
  let signals: Signals
  let roster: SharedRoster
  let time: any TimeSource
  let log: Logger
  /// The node that delivers finished files.
  let delivery: NodeID

  func register(in handlers: inout BusHandlers) {
    handlers.on(RecordingStarted.self) { event, _, transaction in
      try advance(event.job, to: .recording, token: event.token, transaction)
    }
    handlers.on(RecordingFinishing.self) { event, _, transaction in
      try advance(event.job, to: .finishing, token: event.token, transaction)
    }
    handlers.on(RecordingFinished.self) { event, received, transaction in
      try finish(event, from: received.from, transaction)
    }
    handlers.on(RecordingFailed.self) { event, received, transaction in
      try fail(event, from: received.from, transaction)
    }
    handlers.on(CaptureChanged.self) { event, received, transaction in
      try take(event.status, from: received.from, transaction)
    }
    handlers.on(DeliveryChanged.self) { event, received, transaction in
      guard received.from == delivery else { return }
      try settle(event.delivery, transaction)
    }
    handlers.onTelemetry(Heartbeat.self) { heartbeat, heard in
      guard heartbeat.service == "recorder", heartbeat.node == heard.from else { return }
      let isNews = roster.withLock { $0.hear(heartbeat, at: time.monotonic()) }
      if isNews { signals.note { $0.needsAssignment = true } }
    }
  }

  func advance(
    _ job: JobID, to state: RecordingState, token: Int64, _ transaction: Transaction
  ) throws {
    guard var entry = try RecordingCatalog.find(job, transaction),
      entry.advance(to: state, token: token, at: time.now())
    else { return }
    try book.save(entry, transaction)
  }

  func finish(
    _ event: RecordingFinished, from node: NodeID, _ transaction: Transaction
  ) throws {
    guard let before = try RecordingCatalog.find(event.job, transaction) else {
      log.warning("a recorder finished a recording that is not known", ("job", event.job))
      return try answer(event, node, isCanonical: false, transaction)
    }
    var entry = before
    let offer = ScheduledRecording.Offer(
      node: node, token: event.token, file: event.file, at: time.now())
    let outcome = entry.take(offer, at: time.now())
    let touched = try settlement.store(entry, outcome, before: before, transaction)
    switch outcome {
    case .committed, .held, .waits: break
    case .repeated: try answer(event, node, isCanonical: true, transaction)
    case .worse(let reason), .refused(let reason):
      log.warning(
        "a finished recording was refused", ("job", event.job), ("node", node), ("reason", reason))
      try answer(event, node, isCanonical: false, transaction)
    }
    setEnded(touched, transaction)
  }

  private var settlement: Settlement {
    Settlement(book: book, outbox: outbox, delivery: delivery)
  }

  private func answer(
    _ event: RecordingFinished, _ node: NodeID, isCanonical: Bool, _ transaction: Transaction
  ) throws {
    try outbox.send(
      RecordingSettled(job: event.job, token: event.token, isCanonical: isCanonical), to: node,
      in: transaction)
  }

  /// A job that so many recorders gave up at once is not passed on again; one that they held for a
  /// while is, until its window is over.
  private static let mostAssignments: Int64 = 6
  private static let trialLength = Duration.seconds(30)

  /// A recorder gives one up. What a second recorder has made or captured takes its place. Else,
  /// while the window is open (and will be for a moment: the clocks of two hosts differ) and another
  /// recorder is there, that one may still get the rest; what is over is looked for on other tapes.
  func fail(_ event: RecordingFailed, from node: NodeID, _ transaction: Transaction) throws {
    guard let before = try RecordingCatalog.find(event.job, transaction),
      before.recording.token == event.token, before.recording.node == node,
      !before.recording.state.isFinal
    else { return }
    var entry = before
    let now = time.now()
    if let outcome = entry.commitHeld(at: now) {
      return setEnded(
        try settlement.store(entry, outcome, before: before, transaction), transaction)
    }
    if entry.promoteSpare(isKept: false, at: now) {
      try book.save(entry, transaction)
      return setEnded(Set(before.holders), transaction)
    }
    if try isTriedAgain(entry, besides: node, transaction) {
      entry.release(token: event.token, refusedBy: node, reason: event.reason, at: now)
      let signals = signals
      transaction.afterCommit { signals.note { $0.needsAssignment = true } }
    } else {
      _ = entry.miss(reason: event.reason, at: now)
    }
    try book.save(entry, transaction)
    setEnded([node], transaction)
  }

  private func isTriedAgain(
    _ entry: ScheduledRecording, besides node: NodeID, _ transaction: Transaction
  ) throws -> Bool {
    guard entry.details.earlier == nil else { return false }
    if time.now() + .seconds(5) < entry.recording.paddedEnd {
      let lasted = time.now() - entry.recording.updatedAt
      return (entry.recording.token < Self.mostAssignments || lasted >= Self.trialLength)
        && roster.withLock { roster in
          roster.candidates.contains { $0.node != node && $0.isAccepting }
        }
    }
    guard entry.details.giveUpAt != nil else { return false }
    let tried = Set(entry.details.tried + [node])
    return try StreamCatalog.tapes(of: entry.recording.stream, transaction).contains {
      !tried.contains($0)
    }
  }

  /// The delivery service tells what became of a recording's delivery: once it is where it should be,
  /// or a person gave it up, the tape need not be kept for it.
  func settle(_ delivery: Delivery, _ transaction: Transaction) throws {
    guard delivery.state == .delivered || delivery.state == .discarded,
      let node = try DeliveryLockCatalog.remove(delivery.id, transaction)
    else { return }
    setEnded([node], transaction)
  }

  func take(_ status: CaptureStatus, from node: NodeID, _ transaction: Transaction) throws {
    guard status.node == node, try StreamCatalog.find(status.stream, transaction) != nil else {
      return
    }
    try StreamCatalog.saveCapture(status, transaction)
    try outbox.publish(StreamStatusChanged(status: status), in: transaction)
  }

  /// Something is off these recorders' hands, or something else is asked of them.
  private func setEnded(_ nodes: Set<NodeID>, _ transaction: Transaction) {
    guard !nodes.isEmpty else { return }
    let signals = signals
    transaction.afterCommit {
      signals.note {
        $0.recorders.formUnion(nodes)
        $0.needsDeadline = true
      }
    }
  }
}
