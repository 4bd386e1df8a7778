import Base
import Messages

/// How a connection that works is replaced without a break: for new addresses or headers, and when an
/// ingest of another build, or none, holds it.
extension Capture {
  /// What is to be done about the connection.
  struct Handover {
    /// The stream's addresses or headers are not those that the connection was made with.
    var isSourceChanged = false
    var successor: Successor?
    var depth = 0
    var failures = 0
    /// Not before.
    var retryAt: Monotonic?
  }

  /// After a handover that failed; doubled each time, up to ten minutes.
  private static let retry = Duration.seconds(10)

  /// The definition has other addresses or headers: they are gone over to, while what works goes on.
  /// False where nothing works that could go on.
  func handOverToNewSource() -> Bool {
    guard isWanted, hls == nil, connection != nil, case .capturing = policy.state else {
      return false
    }
    handover = Handover(isSourceChanged: true)
    startSuccessor(to: definition.urls[0])
    return true
  }

  /// To be called several times a second.
  func tickHandover(_ now: Monotonic) {
    if let successor = handover.successor {
      if successor.isReady(now) { return promoteSuccessor() }
      let limit = environment.settings.limits.connect + .seconds(2)
      if successor.hasFailed(now, limit: limit) { failHandover(now) }
      return
    }
    guard hls == nil, probe == nil, let connection, case .capturing(let since) = policy.state,
      handover.retryAt.map({ now >= $0 }) ?? (now - since >= .seconds(1)),
      handover.isSourceChanged || environment.opener.isOutdated(connection)
    else { return }
    startSuccessor(to: handover.isSourceChanged ? definition.urls[0] : address)
  }

  func drainSuccessor() {
    guard var successor = handover.successor else { return }
    let now = environment.time.monotonic()
    let finding = successor.take(successor.connection.take(), now: now)
    handover.successor = successor
    switch finding {
    case .nothing: break
    case .ready: promoteSuccessor()
    case .moved(let url) where handover.depth < 3:
      successor.connection.cancel()
      handover.depth += 1
      startSuccessor(to: url)
    case .moved: failHandover(now)
    case .unfit where handover.isSourceChanged && handover.failures > 0:
      // It does not work beside the old one, and nobody wants the old one any more.
      replaceSource()
    case .unfit: failHandover(now)
    }
  }

  /// The connection is replaced by others anyway, which are made as the definition says now.
  func dropHandover() {
    handover.successor?.connection.cancel()
    handover = Handover()
  }

  private func startSuccessor(to url: String) {
    log.info("connecting beside the connection that works", ("url", Redactor.redact(url)))
    dropTrial()
    handover.successor = Successor(
      connection: open(url), address: url, now: environment.time.monotonic())
  }

  private func failHandover(_ now: Monotonic) {
    handover.successor?.connection.cancel()
    handover.successor = nil
    handover.depth = 0
    handover.failures += 1
    let wait = Capture.retry * (1 << min(handover.failures - 1, 6))
    handover.retryAt = now + min(wait, .seconds(600))
    log.warning("the other connection brings nothing; the old one goes on", ("retry_after", wait))
  }

  private func promoteSuccessor() {
    guard let successor = handover.successor else { return }
    let isSourceChanged = handover.isSourceChanged
    handover = Handover()
    log.info("the connection is replaced", ("url", Redactor.redact(successor.address)))
    leave(isSucceeded: !isSourceChanged)
    address = successor.address
    beginReading()
    tape?.assembler.connected()
    connection = successor.connection
    if isSourceChanged { renewPolicy(isCapturing: true) }
    watch.connected(to: policy.address)
    if let head = successor.head { _ = reader.take(head) }
    for (bytes, arrival) in successor.pieces where connection === successor.connection {
      consume(bytes, arrival: arrival)
    }
  }

  /// As before the definition changed: the old connection ends, then the new one is made.
  func replaceSource() {
    dropHandover()
    let now = environment.time.monotonic()
    if isWanted { perform(policy.handle(.unwanted, now: now)) }
    renewPolicy(isCapturing: false)
    if isWanted { perform(policy.handle(.wanted, now: now)) }
  }

  /// The addresses are others; `isCapturing`: a connection to the first of them works.
  private func renewPolicy(isCapturing: Bool) {
    let now = environment.time.monotonic()
    dropTrial()
    watch = CaptureWatch(
      addresses: definition.urls.count, limits: environment.settings.trials)
    policy = CapturePolicy(
      addresses: definition.urls.count, limits: environment.settings.limits,
      seed: UInt64(bitPattern: now.nanoseconds))
    guard isCapturing else { return }
    // The connection that this asks for is there.
    _ = policy.handle(.wanted, now: now)
    perform(policy.handle(.frames, now: now))
  }
}
