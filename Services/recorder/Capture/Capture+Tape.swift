import Base
import HTTPClient
import Media
import Messages
import Metrics
import Storage
import Synchronization

/// The capture's tape: segments and gaps on their way into the database, and who waits for them.
extension Capture {
  func closeSegment() {
    tape?.writer.close(now: environment.time.monotonic())
    tape?.assembler.segmentClosed()
  }

  func collectRows() {
    guard let tape else { return }
    for segment in tape.writer.takeClosed() + media.takeClosed() {
      environment.metrics.segments.increment()
      environment.metrics.tapeBytes.increment(by: Int(segment.bytes))
      changes.append(.segment(segment))
      describe(segment)
    }
    for gap in tape.writer.takeLost() + media.takeLost() {
      log.error("audio was given up", ("from", gap.start), ("to", gap.end), ("why", gap.detail))
      changes.append(.gap(gap))
      watch.counts.givenUp += gap.end - gap.start
    }
  }

  func writeRows() async {
    closeForWaiters()
    // Another task of this actor may be at it; what it does not take along waits for the next tick.
    if !changes.isEmpty, !isWriting {
      isWriting = true
      let batch = changes
      do {
        try await TapeLedger.write(batch, of: stream, to: environment.database)
        changes.removeFirst(batch.count)
        releaseStored(batch)
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
  func closeForWaiters() {
    guard let end = tape?.assembler.end, tape?.writer.hasOpenSegment ?? false,
      waiters.contains(where: { isDue($0.instant, $0.deadline, end) })
    else { return }
    closeSegment()
    collectRows()
  }

  func releaseWaiters() {
    let end = tapeEnd ?? .epoch
    let now = environment.time.now()
    // Frames of a segment that was begun since then do not matter; what a faulty disk holds up does.
    let isSafe =
      tape?.writer.fault == nil && media.fault == nil && changes.isEmpty && !isWriting
    waiters.removeAll { waiter in
      guard isDue(waiter.instant, waiter.deadline, end),
        isSafe || now > waiter.deadline + .seconds(120)
      else { return false }
      waiter.done.resume()
      return true
    }
  }

  func isDue(_ instant: Instant, _ deadline: Instant, _ end: Instant) -> Bool {
    let now = environment.time.now()
    // A station lags behind the present by some of its segments.
    if let hls { return end >= instant || now >= deadline + hls.policy.latency }
    if let transport, reader.transport != nil {
      return (transport.storedEnd ?? .epoch) >= instant || now >= deadline + listedLatency
    }
    return (end >= instant && tape?.assembler.isSettled ?? false)
      || now >= deadline + listedLatency
  }

  func report() {
    let fault = tape?.writer.fault?.sentence ?? media.fault?.sentence ?? ledgerFault
    if let status = reporter.due(
      fault: isWanted ? fault : nil, at: environment.time.now(),
      monotonic: environment.time.monotonic())
    {
      environment.onStatus(status)
    }
  }
}
