import Base
import Messages

/// When a capture connects, gives up, waits and tries again: (state, event, now) → (state, actions).
///
/// The first retry is immediate, because a server's burst covers only the first seconds of an
/// outage; then 0.1, 0.25, five times 0.5 (while a burst of four
/// seconds covers it), 1, 2, 4 and at most 5 s, a little spread. A server that refuses is
/// asked less often.
///
/// A connection that falls silent for `stallLimit` is doubted, not dropped: what the network holds
/// up often still comes, while a new connection gets only the server's burst. So a second one is
/// made beside it, and what that brings is kept in memory. The first one to go on wins; where the
/// old one stays silent for `patience` after the new one brought frames, the new one takes its
/// place. Silence is borne twice as long each time. After two failures in a row the next address is
/// tried; once frames have come for ten seconds all is forgotten, and whatever fails after that, the
/// first address is asked first. While a later one is captured, `TrialPolicy` tries the first.
struct CapturePolicy {
  enum Event {
    /// Somebody needs the stream.
    case wanted
    case unwanted
    /// Whoever must find the stream first (FFmpeg, a page's resolver) is at it, within a limit of its
    /// own.
    case preparing
    /// Bytes came, whatever they hold.
    case bytes
    /// Whole frames came.
    case frames
    case failed(SourceFailure)
    /// The address is an HLS playlist: `HLSReloadPolicy` says what happens until it fails.
    case relayed
    /// The second connection brings frames.
    case probeFrames
    case probeFailed(SourceFailure)
    /// Another connection, to this address, has taken the running one's place (`TrialPolicy`).
    case moved(address: Int)
    /// This address is to be captured in place of the running one; what it has of the past is fetched.
    case change(address: Int)
    /// Time passes; several times a second.
    case tick
  }

  enum Action: Hashable {
    case connect(address: Int)
    /// Ends all connections.
    case disconnect
    /// Makes a second connection beside the silent one.
    case probe(address: Int)
    case dropProbe
    /// The second connection takes the first one's place.
    case promoteProbe
    /// The outage was none: the old connection goes on where it was.
    case resumed
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
    /// The connection is silent, and a second one is tried.
    case doubtful(Doubt)
    case waiting(until: Monotonic)
    /// Another policy captures from the address.
    case relayed
  }

  struct Doubt: Hashable {
    enum Probe: Hashable {
      case connecting(since: Monotonic)
      case good(since: Monotonic)
      case waiting(until: Monotonic)
    }

    let since: Monotonic
    let capturingSince: Monotonic
    var probe: Probe
    /// Where the second connection goes.
    var address: Int
    var failures = 0
  }

  /// How long a silent connection may still come back once a second one brings frames, and once
  /// none can be made.
  static let patience = Duration.seconds(5)
  static let longestDoubt = Duration.seconds(60)
  static let longestStallLimit = Duration.seconds(15)
  static let stableAfter = Duration.seconds(10)
  /// Without an answer for so long, the ledger is told that the source is silent.
  static let silenceToldAfter = Duration.seconds(1)

  private static let quick: [Duration] = [
    .zero, .milliseconds(100), .milliseconds(250), .milliseconds(500), .milliseconds(500),
    .milliseconds(500), .milliseconds(500), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(4), .seconds(5),
  ]
  private static let slow: [Duration] = [
    .milliseconds(500), .seconds(1), .seconds(2), .seconds(5),
  ]
  private static let patient: [Duration] = [
    .seconds(5), .seconds(10), .seconds(20), .seconds(30),
  ]

  private(set) var state = State.idle
  /// Which of the stream's addresses was connected last, counted from 0.
  private(set) var address = 0
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
    case (.doubtful(let doubt), _): return handle(event, doubt, now)
    case (_, .moved(let address)):
      self.address = address
      lastByte = now
      state = .capturing(since: now)
      return [.report(.capturing, reason: nil)]
    case (_, .change(let address)):
      let actions = connect(now, to: address)
      return [.disconnect] + actions
    case (_, .relayed):
      state = .relayed
      return []
    case (.relayed, .frames):
      failures = 0
      return []
    case (.relayed, .tick), (.relayed, .bytes): return []
    case (_, .probeFrames), (_, .probeFailed): return []
    case (.connecting, .preparing):
      state = .connecting(since: now)
      guard !isSilenceTold else { return [] }
      isSilenceTold = true
      return [.outage(CapturePolicy.preparing)]
    case (_, .preparing): return []
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
    case (.capturing(let since), .tick): return checkStall(since, now)
    }
  }

  private mutating func handle(_ event: Event, _ doubt: Doubt, _ now: Monotonic) -> [Action] {
    var doubt = doubt
    switch event {
    case .bytes, .frames:
      lastByte = now
      state = .capturing(since: doubt.capturingSince)
      return [.dropProbe, .resumed, .report(.capturing, reason: nil)]
    case .failed(let failure):
      switch doubt.probe {
      case .good: return promote(doubt, now, .capturing(since: now))
      case .connecting(let since): return promote(doubt, now, .connecting(since: since))
      case .waiting: return fail(failure, now)
      }
    case .probeFrames:
      if case .good = doubt.probe { return [] }
      doubt.probe = .good(since: now)
    case .probeFailed(let failure):
      doubt.failures += 1
      doubt.probe = .waiting(until: now + delay(failure, failures: doubt.failures))
      state = .doubtful(doubt)
      return [.dropProbe, .outage(failure)]
    case .tick: return tick(doubt, now)
    case .wanted, .unwanted, .relayed, .preparing, .moved, .change: return []
    }
    state = .doubtful(doubt)
    return []
  }

  private mutating func tick(_ doubt: Doubt, _ now: Monotonic) -> [Action] {
    switch doubt.probe {
    case .good(let since) where now - since >= CapturePolicy.patience:
      return promote(doubt, now, .capturing(since: now))
    case .connecting(let since) where now - since >= limits.connect + .seconds(2):
      return handle(.probeFailed(CapturePolicy.noAnswer), doubt, now)
    case .waiting(let until) where now - doubt.since >= CapturePolicy.longestDoubt:
      state = .waiting(until: until)
      failures = max(failures, doubt.failures)
      return [.disconnect]
    case .waiting(let until) where now >= until:
      var doubt = doubt
      doubt.probe = .connecting(since: now)
      doubt.address = (address + doubt.failures / 2) % addresses
      state = .doubtful(doubt)
      return [.probe(address: doubt.address)]
    default: return []
    }
  }

  private mutating func promote(_ doubt: Doubt, _ now: Monotonic, _ state: State) -> [Action] {
    self.state = state
    address = doubt.address
    lastByte = now
    isSilenceTold = false
    let isCapturing = if case .capturing = state { true } else { false }
    return [.promoteProbe, .report(isCapturing ? .capturing : .connecting, reason: nil)]
  }

  /// The connection that was asked for is one to this address that was held since before.
  mutating func adopted(_ address: Int) { self.address = address }

  /// How patiently silence is borne now.
  var stallLimit: Duration {
    min(
      limits.stall * (1 << min(stalls, 3)), max(limits.stall, CapturePolicy.longestStallLimit))
  }

  private mutating func connect(_ now: Monotonic, to next: Int? = nil) -> [Action] {
    state = .connecting(since: now)
    lastByte = nil
    isSilenceTold = false
    address = next ?? failures / 2 % addresses
    return [
      .connect(address: address),
      .report(.connecting, reason: nil),
    ]
  }

  private mutating func checkStart(_ since: Monotonic, _ now: Monotonic) -> [Action] {
    if let lastByte, now - lastByte >= stallLimit { return stall(now - lastByte, now) }
    if now - since >= limits.connect + .seconds(2) { return fail(CapturePolicy.noAnswer, now) }
    guard lastByte == nil, !isSilenceTold, now - since >= CapturePolicy.silenceToldAfter else {
      return []
    }
    isSilenceTold = true
    return [.outage(CapturePolicy.noAnswer)]
  }

  private static let noAnswer = SourceFailure(
    .sourceUnreachable, "The source takes the connection and does not answer.")

  private static let preparing = SourceFailure(
    .sourceUnreachable, "The source is being asked and has not answered yet.")

  private mutating func checkStall(_ since: Monotonic, _ now: Monotonic) -> [Action] {
    guard let lastByte, now - lastByte >= stallLimit else { return [] }
    stalls += 1
    let failure = SourceFailure.stalled(for: (now - lastByte).inSeconds)
    state = .doubtful(
      Doubt(
        since: now, capturingSince: since, probe: .connecting(since: now), address: address))
    return [
      .outage(failure), .report(.stalled, reason: failure.sentence), .probe(address: address),
    ]
  }

  private mutating func stall(_ silence: Duration, _ now: Monotonic) -> [Action] {
    stalls += 1
    return fail(.stalled(for: silence.inSeconds), now)
  }

  /// How long to wait after so many failures in a row.
  private mutating func delay(_ failure: SourceFailure, failures: Int) -> Duration {
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
    return max(step + spread, min(failure.retryAfter ?? .zero, .seconds(60)))
  }

  private mutating func fail(_ failure: SourceFailure, _ now: Monotonic) -> [Action] {
    failures += 1
    let delay = delay(failure, failures: failures)
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
