import Base
import Media

/// Watches what one connection brings and says what is wrong with it, though it brings something:
/// observations → finding. A value; it reads no clock. (A connection that brings nothing at all is
/// `CapturePolicy`'s.)
///
/// The measure of pace is the *lead*: the media time that has come minus the time that has passed.
/// A server's burst lifts it, chunks make it a saw, and only its peaks count: of ten seconds each,
/// the last six minutes. A source that keeps pace has peaks that stay level.
///
/// What is found never ends a connection: `TrialPolicy` looks for a better one beside it.
struct StallLadder: Sendable {
  /// What tells one station from another.
  struct Identity: Hashable, Sendable {
    var format: FrameFormat?
    /// `icy-name`.
    var station: String?
  }

  static let window = Duration.seconds(10)
  /// Half the pace or less, with what measuring costs.
  static let leastPace = 0.52
  /// Bytes for so long without a frame are none of a broadcast.
  static let frameless = Duration.seconds(5)
  private static let framelessBytes = 8 << 10
  /// Peaks: the media clock is judged over five minutes.
  private static let peaksKept = 31
  private static let clockTolerance = 0.01

  private var loops = LoopDetector()
  private var startedAt: Monotonic?
  /// How long all that came lasts.
  private(set) var mediaTime = Duration.zero
  private var peaks: [Duration] = []
  private var peak = Duration.zero
  private var windowStart: Monotonic?
  private var lastFrame: Monotonic?
  private var bytesSinceFrame = 0
  private var identity = Identity()
  /// The coding was another one at first: what came holds two programmes.
  private(set) var hasChanged = false
  private var expected: Identity?

  /// `expected`: what this address was when it was first captured.
  init(expected: Identity? = nil) { self.expected = expected }

  /// What the connection brings; nil until frames came.
  var brings: Identity? { identity.format == nil ? nil : identity }
  var firstFrame: Monotonic? { startedAt }

  mutating func note(station: String?) { identity.station = station }

  mutating func note(bytes: Int) { bytesSinceFrame += bytes }

  mutating func note(_ frames: [FrameScanner.Frame], now: Monotonic) {
    guard let last = frames.last else { return }
    advance(to: now)
    for frame in frames {
      let duration = Duration.nanoseconds(
        Int64(frame.samples) * 1_000_000_000 / Int64(frame.format.sampleRate))
      mediaTime += duration
      loops.note(frame.hash, lasting: duration)
    }
    if startedAt == nil {
      startedAt = now
      windowStart = now
    }
    if frames.contains(where: { $0.format != identity.format ?? last.format }) { hasChanged = true }
    identity.format = last.format
    lastFrame = now
    bytesSinceFrame = 0
    peak = max(peak, lead(now))
  }

  /// How much media came beyond the time that passed since the first frame.
  private func lead(_ now: Monotonic) -> Duration {
    startedAt.map { mediaTime - (now - $0) } ?? .zero
  }

  private mutating func advance(to now: Monotonic) {
    while let start = windowStart, now - start >= StallLadder.window {
      peaks.append(peak)
      if peaks.count > StallLadder.peaksKept { peaks.removeFirst() }
      windowStart = start + StallLadder.window
      peak = lead(start + StallLadder.window)
    }
  }

  /// Whether what came since the first frame kept pace to a tenth; nil while it is too soon to tell.
  func keepsPace(over span: Duration, now: Monotonic) -> Bool? {
    guard let startedAt, now - startedAt >= span else { return nil }
    let highest = max(peaks.max() ?? peak, peak)
    return lead(now) >= highest - (now - startedAt) / 10 - .milliseconds(500)
  }

  /// What comes from now on is compared with this.
  mutating func expect(_ identity: Identity) { expected = identity }

  /// The worst that is wrong now.
  mutating func finding(_ now: Monotonic) -> Finding? {
    advance(to: now)
    guard startedAt != nil else { return nil }
    if let lastFrame, now - lastFrame >= StallLadder.frameless,
      bytesSinceFrame >= StallLadder.framelessBytes
    {
      return Finding(.noFrames(for: now - lastFrame))
    }
    if let pace = slowPace { return Finding(.slow(share: pace)) }
    if let expected, expected.differs(from: identity) {
      return Finding(.changed(from: expected, to: identity))
    }
    switch loops.finding {
    case .looping(let period, let lasting):
      return Finding(.looping(period: period, for: lasting))
    case .constant(let lasting): return Finding(.silent(for: lasting))
    case nil: break
    }
    return slowClock.map { Finding(.slowClock(behind: $0)) }
  }

  /// Media seconds for each second of the last whole window, where they are half or fewer.
  private var slowPace: Double? {
    guard peaks.count >= 2 else { return nil }
    let pace = 1 + (peaks[peaks.count - 1] - peaks[peaks.count - 2]) / StallLadder.window
    return pace <= StallLadder.leastPace ? max(0, pace) : nil
  }

  /// The share by which the media clock ran behind in five minutes, where it matters.
  private var slowClock: Double? {
    guard peaks.count == StallLadder.peaksKept, let last = peaks.last, let first = peaks.first
    else { return nil }
    let behind = (first - last) / (StallLadder.window * (StallLadder.peaksKept - 1))
    return behind > StallLadder.clockTolerance ? behind : nil
  }
}

extension StallLadder.Identity {
  /// Where both are known.
  func differs(from other: Self) -> Bool {
    (format != nil && other.format != nil && format != other.format)
      || (station != nil && other.station != nil && station != other.station)
  }
}

extension StallLadder {
  /// What is wrong with a connection that brings something.
  struct Finding: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
      case noFrames(for: Duration)
      /// Media seconds for each second.
      case slow(share: Double)
      case changed(from: Identity, to: Identity)
      case looping(period: Duration, for: Duration)
      case silent(for: Duration)
      /// The share of time that is missing.
      case slowClock(behind: Double)
    }

    /// The rung, without its figures: the same trouble keeps its name while it lasts.
    enum Rung: String, Hashable, Sendable, CaseIterable {
      case noFrames = "no-frames"
      case slow, changed, looping, silent
      case slowClock = "slow-clock"
    }

    let kind: Kind
    init(_ kind: Kind) { self.kind = kind }

    var rung: Rung {
      switch kind {
      case .noFrames: .noFrames
      case .slow: .slow
      case .changed: .changed
      case .looping: .looping
      case .silent: .silent
      case .slowClock: .slowClock
      }
    }

    /// One sentence for people.
    var sentence: String {
      switch kind {
      case .noFrames(let lasting):
        "The source has sent data without sound for \(seconds(lasting)) s."
      case .slow(let share):
        "The source sends only \(Int((share * 100).rounded())) % of the sound in the time that it lasts."
      case .changed(let from, let to):
        "The source has become another one: \(to.text) in place of \(from.text); its server may be "
          + "sending a fallback."
      case .looping(let period, let lasting):
        "The source has been repeating the same \(seconds(period)) s for \(seconds(lasting)) s."
      case .silent(let lasting):
        "The source has sent silence, or one sound without change, for \(seconds(lasting)) s."
      case .slowClock(let behind):
        "The source falls behind the clock by \((behind * 1000).rounded() / 10) %."
      }
    }

    private func seconds(_ duration: Duration) -> Int { Int(duration.inSeconds.rounded()) }
  }
}

extension StallLadder.Identity {
  fileprivate var text: String {
    let sound = format.map {
      "\($0.codec.rawValue) at \($0.sampleRate) Hz, \($0.channels) channels"
    }
    return [station.map { "“\($0)”" }, sound].compactMap(\.self).joined(separator: ", ")
  }
}
