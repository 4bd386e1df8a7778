import Base
import Messages

/// When a capture connects, gives up, waits and tries again: (state, event, now) → (state, actions).
///
/// The first retry is immediate, because a server's burst covers only the first seconds of an
/// outage; then 0.1, 0.25, 0.5, 1, 2, 4 and at most 5 s, a little spread. A server that refuses is
/// asked less often. A connection that brings nothing for `stallLimit` is given up, twice as
/// patiently each time. After two failures in a row the next address is tried; once frames have
/// come for ten seconds all is forgotten and the first address is preferred again.
struct CapturePolicy {
  enum Event {
    /// Somebody needs the stream.
    case wanted
    case unwanted
    /// Bytes came, whatever they hold.
    case bytes
    /// Whole frames came.
    case frames
    case failed(SourceFailure)
    /// Time passes; several times a second.
    case tick
  }

  enum Action: Hashable {
    case connect(address: Int)
    case disconnect
    /// From now on the stream gives nothing, for this reason.
    case outage(SourceFailure)
    /// The state that others are told.
    case report(CaptureState, reason: String?)
  }

  /// What the settings say.
  struct Limits: Hashable, Sendable {
    /// Without a byte for so long, a connection is dead.
    var stall = Duration.seconds(3)
    /// For the connection itself; the first frame may take two seconds more.
    var connect = Duration.seconds(10)
    /// The longest wait between two tries, but for refusals.
    var reconnectCap = Duration.seconds(5)
  }

  enum State: Hashable {
    case idle
    /// Asked, and no frame has come yet.
    case connecting(since: Monotonic)
    case capturing(since: Monotonic)
    case waiting(until: Monotonic)
  }

  static let longestStallLimit = Duration.seconds(15)
  static let stableAfter = Duration.seconds(10)
  /// Without an answer for so long, the ledger is told that the source is silent.
  static let silenceToldAfter = Duration.seconds(1)

  private static let quick: [Duration] = [
    .zero, .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(4), .seconds(5),
  ]
  private static let slow: [Duration] = [
    .milliseconds(500), .seconds(1), .seconds(2), .seconds(5),
  ]
  private static let patient: [Duration] = [
    .seconds(5), .seconds(10), .seconds(20), .seconds(30),
  ]

  private(set) var state = State.idle
  private let addresses: Int
  private let limits: Limits
  private var failures = 0
  private var stalls = 0
  private var lastByte: Monotonic?
  private var isSilenceTold = false
  private var generator: SplitMix64

  init(addresses: Int, limits: Limits = Limits(), seed: UInt64) {
    precondition(addresses > 0, "a stream has at least one address")
    self.limits = limits
    self.addresses = addresses
    generator = SplitMix64(seed: seed)
  }

  mutating func handle(_ event: Event, now: Monotonic) -> [Action] {
    switch (state, event) {
    case (.idle, .wanted): return connect(now)
    case (.idle, _), (_, .wanted): return []
    case (_, .unwanted):
      state = .idle
      failures = 0
      stalls = 0
      return [.disconnect, .report(.idle, reason: nil)]
    case (.waiting(let until), .tick): return now >= until ? connect(now) : []
    case (.waiting, _): return []
    case (_, .failed(let failure)): return fail(failure, now)
    case (_, .bytes):
      lastByte = now
      return []
    case (.connecting, .frames):
      lastByte = now
      state = .capturing(since: now)
      return [.report(.capturing, reason: nil)]
    case (.capturing(let since), .frames):
      lastByte = now
      if now - since >= CapturePolicy.stableAfter {
        failures = 0
        stalls = 0
      }
      return []
    case (.connecting(let since), .tick): return checkStart(since, now)
    case (.capturing, .tick): return checkStall(now)
    }
  }

  /// How patiently silence is borne now.
  var stallLimit: Duration {
    min(
      limits.stall * (1 << min(stalls, 3)), max(limits.stall, CapturePolicy.longestStallLimit))
  }

  private mutating func connect(_ now: Monotonic) -> [Action] {
    state = .connecting(since: now)
    lastByte = nil
    isSilenceTold = false
    return [
      .connect(address: failures / 2 % addresses),
      .report(.connecting, reason: nil),
    ]
  }

  private mutating func checkStart(_ since: Monotonic, _ now: Monotonic) -> [Action] {
    if let lastByte, now - lastByte >= stallLimit { return stall(now - lastByte, now) }
    let silence = SourceFailure(
      .sourceUnreachable, "The source takes the connection and does not answer.")
    if now - since >= limits.connect + .seconds(2) { return fail(silence, now) }
    guard lastByte == nil, !isSilenceTold, now - since >= CapturePolicy.silenceToldAfter else {
      return []
    }
    isSilenceTold = true
    return [.outage(silence)]
  }

  private mutating func checkStall(_ now: Monotonic) -> [Action] {
    guard let lastByte, now - lastByte >= stallLimit else { return [] }
    return stall(now - lastByte, now)
  }

  private mutating func stall(_ silence: Duration, _ now: Monotonic) -> [Action] {
    stalls += 1
    return fail(.stalled(for: silence.inSeconds), now)
  }

  private mutating func fail(_ failure: SourceFailure, _ now: Monotonic) -> [Action] {
    failures += 1
    let steps =
      switch failure.pace {
      case .quick: CapturePolicy.quick
      case .slow: CapturePolicy.slow
      case .patient: CapturePolicy.patient
      }
    var step = steps[min(failures, steps.count) - 1]
    if failure.pace == .quick { step = min(step, limits.reconnectCap) }
    // Spread by up to a quarter, so that a hundred streams of one dead server do not come at once.
    let spread = Duration.nanoseconds(
      Int64.random(in: 0...max(0, step.nanoseconds / 4), using: &generator))
    let delay = max(step + spread, min(failure.retryAfter ?? .zero, .seconds(60)))
    let isStall = failure.cause == .sourceStalled
    var actions: [Action] = [.disconnect, .outage(failure)]
    if delay == .zero {
      if isStall { actions.append(.report(.stalled, reason: failure.sentence)) }
      return actions + connect(now)
    }
    state = .waiting(until: now + delay)
    return actions + [.report(isStall ? .stalled : .waiting, reason: failure.sentence)]
  }
}
