internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Takes what recorders say of their work into the account of recordings.
///
/// Messages may come twice, late or out of order, from a recorder that lost its work to another: each
/// is judged by the fencing token and the state alone. The one that makes a file canonical settles
/// everything in one transaction: the state, the deliveries, and the answer to the recorder. A crash
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
    let isCanonical = try commit(event, from: node, transaction)
    try outbox.send(
      RecordingSettled(job: event.job, token: event.token, isCanonical: isCanonical), to: node,
      in: transaction)
  }

  private func commit(
    _ event: RecordingFinished, from node: NodeID, _ transaction: Transaction
  ) throws -> Bool {
    guard var entry = try RecordingCatalog.find(event.job, transaction) else {
      log.warning("a recorder finished a recording that is not known", ("job", event.job))
      return false
    }
    switch entry.commit(event.file, token: event.token, at: time.now()) {
    case .repeated: return true
    case .refused(let reason):
      log.warning(
        "a finished recording was refused", ("job", event.job), ("node", node), ("reason", reason))
      return false
    case .accepted:
      try book.save(entry, transaction)
      for destination in entry.recording.destinations {
        let request = Deliver(
          delivery: Self.deliveryID(event.job, destination), recording: event.job,
          destination: destination, file: event.file)
        try outbox.send(request, to: delivery, in: transaction)
      }
      setEnded(node, transaction)
      return true
    }
  }

  /// A job that so many recorders gave up is not passed on again.
  private static let mostAssignments: Int64 = 6

  /// A recorder gives one up. While the window is open (and will be for a moment: the clocks of two
  /// hosts differ) and another recorder is there, that one may still get the rest; else this is its
  /// end.
  func fail(_ event: RecordingFailed, from node: NodeID, _ transaction: Transaction) throws {
    guard var entry = try RecordingCatalog.find(event.job, transaction),
      entry.recording.token == event.token, entry.recording.node == node,
      !entry.recording.state.isFinal
    else { return }
    let now = time.now()
    let hasOther = roster.withLock { roster in
      roster.candidates.contains { $0.node != node && $0.isAccepting }
    }
    if hasOther, now + .seconds(5) < entry.recording.paddedEnd,
      event.token < Self.mostAssignments
    {
      entry.release(token: event.token, refusedBy: node, reason: event.reason, at: now)
      let signals = signals
      transaction.afterCommit { signals.note { $0.needsAssignment = true } }
    } else {
      _ = entry.miss(reason: event.reason, at: now)
    }
    try book.save(entry, transaction)
    setEnded(node, transaction)
  }

  func take(_ status: CaptureStatus, from node: NodeID, _ transaction: Transaction) throws {
    guard status.node == node, try StreamCatalog.find(status.stream, transaction) != nil else {
      return
    }
    try StreamCatalog.saveCapture(status, transaction)
    try outbox.publish(StreamStatusChanged(status: status), in: transaction)
  }

  /// The same delivery however often it is asked for.
  static func deliveryID(_ job: JobID, _ destination: DestinationID) -> DeliveryID {
    let identity = "\(job)|\(destination)"
    return DeliveryID(unchecked: hexadecimal(SHA256.hash(identity.utf8).prefix(16)))
  }

  /// Something is off this recorder's hands.
  private func setEnded(_ node: NodeID, _ transaction: Transaction) {
    let signals = signals
    transaction.afterCommit {
      signals.note {
        $0.recorders.insert(node)
        $0.needsDeadline = true
      }
    }
  }
}
