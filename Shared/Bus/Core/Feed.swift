internal import Base

/// A producer's account of one consumer of one channel: what it has acknowledged, what was sent,
/// when to send again.
///
/// Entries go out in runs, a few runs ahead of the acknowledgement. What is not acknowledged in time
/// is sent again from the acknowledged number on, with full jitter between 0.25 s and 30 s, and at
/// once when the consumer greets.
struct Feed: Sendable {
  /// Runs that may be on their way at once. A high-water mark is no flow control: a stopped peer
  /// took 7,801 messages at a mark of 1.
  static let runsAhead = 4
  static let backoff = BackoffPolicy(base: .milliseconds(500), cap: .seconds(30))

  /// nil until the consumer has said where it stands (or, for followers, has taken a snapshot).
  private(set) var acknowledged: Int64?
  /// The end of the last run that was sent.
  private(set) var sent: Int64
  private var runsInFlight: [Int64] = []
  private var failures = 0
  private(set) var resendAt: Monotonic?

  /// A feed whose consumer's place is remembered from an earlier life of this process.
  init(acknowledged: Int64?) {
    self.acknowledged = acknowledged
    sent = acknowledged ?? 0
  }

  /// The number after which the next run is to be sent; nil while there is none or the window is full.
  func nextRun(head: Int64) -> Int64? {
    guard acknowledged != nil, sent < head, runsInFlight.count < Feed.runsAhead else { return nil }
    return sent
  }

  var isAwaitingAcknowledgement: Bool { !runsInFlight.isEmpty }

  /// A run was handed to the network.
  mutating func transmitted(
    through last: Int64, now: Monotonic, using generator: inout SplitMix64
  ) {
    sent = max(sent, last)
    runsInFlight.append(last)
    if resendAt == nil { scheduleResend(now, &generator) }
  }

  /// The consumer has applied all up to `cursor`.
  mutating func acknowledge(
    _ cursor: Int64, now: Monotonic, using generator: inout SplitMix64
  ) {
    guard let acknowledged, cursor > acknowledged else { return }
    self.acknowledged = cursor
    sent = max(sent, cursor)
    runsInFlight.removeAll { $0 <= cursor }
    failures = 0
    resendAt = nil
    if isAwaitingAcknowledgement { scheduleResend(now, &generator) }
  }

  /// The consumer has said where it stands (it greeted, or saw a hole): everything after that is
  /// sent again. Its word also holds where it is behind what it once acknowledged: its database was
  /// restored.
  mutating func rewind(to cursor: Int64) {
    acknowledged = cursor
    sent = cursor
    runsInFlight = []
    failures = 0
    resendAt = nil
  }

  /// The consumer cannot be served from the log; it will ask for a snapshot.
  mutating func park() {
    acknowledged = nil
    runsInFlight = []
    resendAt = nil
  }

  /// Whether the time to send again has come; if so, sending starts over from the acknowledged number.
  mutating func isDueForResend(now: Monotonic) -> Bool {
    guard let resendAt, now >= resendAt, let acknowledged else { return false }
    failures += 1
    sent = acknowledged
    runsInFlight = []
    self.resendAt = nil
    return true
  }

  private mutating func scheduleResend(_ now: Monotonic, _ generator: inout SplitMix64) {
    // Half the ceiling is waited in any case: an answer takes its time, and a resend at once after
    // the send would only double the load.
    let ceiling = Feed.backoff.ceiling(afterFailures: failures + 1)
    let jitter = Int64.random(in: 0...ceiling.nanoseconds / 2, using: &generator)
    resendAt = now + ceiling / 2 + .nanoseconds(jitter)
  }
}
