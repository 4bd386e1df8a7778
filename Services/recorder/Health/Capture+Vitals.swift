import Base
import Messages

/// How one capture is, for whoever judges its health.
struct CaptureVitals: Sendable {
  var isWanted: Bool
  var outage: Duration?
  var outageSentence: String?
  var finding: StallLadder.Finding?
  var isTold: Bool
  var address: Int
  var diskFault: String?
  var held: Duration
  var writtenBytes: Int64
  var totals: HealthHistory.Totals
}

extension Capture {
  func vitals() -> CaptureVitals {
    let now = environment.time.monotonic()
    return CaptureVitals(
      isWanted: isWanted, outage: watch.outageSince.map { now - $0 },
      outageSentence: outage?.sentence, finding: watch.finding,
      isTold: watch.policy.stage(of: watchView) == .told, address: policy.address,
      diskFault: tape?.writer.fault?.sentence ?? media.fault?.sentence ?? ledgerFault,
      held: (tape?.writer.heldDuration ?? .zero) + media.heldDuration,
      writtenBytes: (tape?.writer.writtenBytes ?? 0) + media.writtenBytes,
      totals: HealthHistory.Totals(
        outages: watch.counts.outages, stalls: watch.counts.stalls,
        uncertainSplices: watch.counts.uncertainSplices, givenUp: watch.counts.givenUp))
  }

  /// What others are told with the next status.
  func note(health: StreamHealth?) {
    reporter.note(health: health)
    report()
  }
}
