import Base
import HTTPClient
import Media
import Messages
import Metrics

/// The capture's second connection beside one that brings something: carries out what `TrialPolicy`
/// says. Nothing here ends the running connection before the other one has taken its place.
extension Capture {
  /// Of the stream's addresses; where a list led to it, the one that it led to.
  func url(ofAddress index: Int) -> String {
    index == policy.address ? address : definition.urls[min(index, definition.urls.count - 1)]
  }

  func tickWatch(_ now: Monotonic) {
    let before = watch.finding
    watch.outageSince = hasOutage && isWanted ? watch.outageSince ?? now : nil
    if connection != nil, hls == nil {
      watch.look(address: policy.address, now)
    } else {
      watch.connected(to: policy.address)
    }
    if let finding = watch.finding, finding.rung != before?.rung {
      log.warning("source is not well", ("reason", finding.sentence))
      environment.metrics.findings.with(finding.rung.rawValue).increment()
    }
    // A connection that is replaced anyway is not doubted.
    guard handover.successor == nil else { return }
    let view = watchView
    let trial = watch.trial.map { describe($0, now) }
    switch watch.policy.look(view, trial, now) {
    case nil: break
    case .attempt(let address):
      startTrial(address, definition.urls.isEmpty ? "" : url(ofAddress: address))
    case .drop: dropTrial()
    case .takeOver(let address): takeOver(address)
    }
  }

  var watchView: TrialPolicy.View {
    let isCapturing: Bool =
      switch policy.state {
      case .capturing: true
      case .relayed: hls.map { $0.policy.hasLoaded && $0.policy.outage == nil } ?? false
      case .idle, .connecting, .doubtful, .waiting: false
      }
    return TrialPolicy.View(
      address: policy.address, isCapturing: isWanted && isCapturing, finding: watch.finding)
  }

  private func describe(_ trial: CaptureWatch.Trial, _ now: Monotonic) -> TrialPolicy.Trial {
    var ladder = trial.probe.ladder
    if let isMoving = trial.isMovingList {
      return TrialPolicy.Trial(
        framesFor: isMoving ? .seconds(3600) : nil, keepsPace: isMoving,
        hasFailed: trial.hasFailed)
    }
    // Of a container only the bytes are seen, whose pace nothing tells.
    guard ladder.firstFrame != nil else {
      return TrialPolicy.Trial(
        framesFor: trial.probe.firstMedia.map { now - $0 }, keepsPace: true,
        hasFailed: trial.hasFailed)
    }
    return TrialPolicy.Trial(
      framesFor: ladder.firstFrame.map { now - $0 }, media: ladder.mediaTime,
      keepsPace: ladder.keepsPace(over: environment.settings.trials.steady, now: now),
      finding: ladder.finding(now), isSame: watch.isSame(trial, now), hasFailed: trial.hasFailed)
  }

  func startTrial(_ address: Int, _ url: String, depth: Int = 0) {
    log.info(
      "trying another connection", ("address", address), ("url", Redactor.redact(url)))
    watch.begin(
      CaptureWatch.Trial(
        address: address,
        probe: CaptureProbe(
          connection: address == policy.address ? open(url) : open(url, as: definition),
          address: url, expected: watch.identity(ofAddress: address)),
        since: environment.time.monotonic(), depth: depth))
  }

  func dropTrial() {
    watch.trial?.probe.connection.cancel()
    watch.endTrial()
    watch.policy.interrupted()
  }

  func drainTrial() {
    guard var trial = watch.trial, trial.isMovingList == nil else { return }
    let found = trial.probe.take(trial.probe.connection.take())
    switch found {
    case .nothing: break
    // As when a server takes its listeners back from a fallback: tried again from the beginning.
    case .frames:
      trial.hasFailed =
        trial.probe.ladder.hasChanged || trial.probe.held > CaptureProbe.largest
    case .failed(let failure):
      log.info("the other connection failed", ("reason", failure.sentence))
      trial.hasFailed = true
    case .hls:
      trial.isMovingList = false
      followList(trial)
    // Whoever knows the page says that it is on the air; it is connected as at the beginning.
    case .resolved:
      trial.probe.connection.cancel()
      trial.isMovingList = true
    case .moved(let url):
      trial.probe.connection.cancel()
      guard trial.depth < 3 else {
        trial.hasFailed = true
        break
      }
      return startTrial(trial.address, url, depth: trial.depth + 1)
    }
    watch.trial = trial
  }

  /// The running connection has failed: one that brings frames already goes on in its place.
  func takeOverAtOnce() -> Bool {
    guard let trial = watch.trial, !trial.hasFailed, trial.isMovingList == nil,
      trial.probe.ladder.firstFrame != nil, case .capturing = policy.state
    else { return false }
    takeOver(trial.address)
    return true
  }

  private func takeOver(_ index: Int) {
    guard let trial = watch.trial else { return }
    watch.endTrial()
    watch.policy.interrupted()
    watch.counts.takeovers += 1
    environment.metrics.takeovers.increment()
    log.info("another connection takes over", ("address", index))
    let now = environment.time.monotonic()
    let why = gapBefore(trial)
    let format = hls == nil ? tape?.assembler.format : nil
    dropHandover()
    leave()
    // The other address is no stream of a page that this one may have been.
    if index != policy.address { forgetPage() }
    expectGap(why)
    if trial.isMovingList != nil {
      trial.probe.connection.cancel()
      perform(policy.handle(.change(address: index), now: now))
      return
    }
    perform(policy.handle(.moved(address: index), now: now))
    if let format, trial.probe.ladder.brings?.format == format {
      adopt(trial.probe, isAtOnce: true)
    } else {
      cutOver(to: trial.probe)
    }
  }

  /// Why something is missing between the two connections, should they not meet.
  private func gapBefore(_ trial: CaptureWatch.Trial) -> SourceFailure {
    guard let finding = watch.finding else {
      return SourceFailure(
        .sourceStalled,
        "Address \(trial.address + 1) was taken up, and what it brought does not reach back to here."
      )
    }
    let isPace = [.slow, .slowClock].contains(finding.rung)
    return SourceFailure(isPace ? .sourceStalled : .sourceGarbled, finding.sentence)
  }

  /// Missing from the tape's end, until the new connection shows where it goes on; nothing, where it
  /// goes on just there.
  private func expectGap(_ why: SourceFailure) {
    guard !hasOutage else { return }
    changes += book.outage(why, at: environment.time.now(), tapeEnd: tapeEnd)
  }

  /// To a source in another coding: what it brought so far overlaps by time and cannot be joined, so
  /// the tape goes on with what it brings from now on.
  private func cutOver(to probe: CaptureProbe) {
    leave()
    address = probe.address
    beginReading()
    watch.connected(to: policy.address)
    tape?.assembler.connected()
    connection = probe.connection
    if let head = probe.head {
      watch.ladder.note(station: head.station)
      _ = reader.take(head)
    }
    for (bytes, _) in probe.pieces {
      _ = reader.take(bytes) { _ in }
      _ = reader.takeChunks()
    }
  }

  /// An HLS playlist brings no frames to a trial: it is well when its list moves on.
  private func followList(_ trial: CaptureWatch.Trial) {
    trial.probe.connection.cancel()
    let watcher = HLSTrial(
      fetcher: HLSFetcher(
        client: environment.client, definition: definition,
        connectTimeout: environment.settings.limits.connect),
      limits: HLSVariantPolicy(definition))
    let (since, address) = (trial.since, trial.probe.address)
    Task {
      let isMoving = await watcher.isMoving(address)
      guard watch.trial?.since == since else { return }
      watch.trial?.isMovingList = isMoving
      watch.trial?.hasFailed = !isMoving
    }
  }
}
