public import Base

/// Tells the wall time of each sample of one unbroken run of audio.
///
/// Samples are counted, never timed: the run has one anchor, the wall time of its sample 0, and a
/// label is anchor + count / rate. A frame that ends at media position p and arrives at time w was
/// played at w or earlier, so w - p is never before the true anchor: the anchor is the least w - p
/// seen. Right after connecting, servers send some of the past as fast as the line takes it (Icecast
/// four seconds, some half a minute), so that the first values are wrong by as much. They count as
/// settled when `settling` has passed and the anchor has rested for a third of it.
///
/// After that the anchor follows the sender's clock (the least w - p of the last minute) by at
/// most 500 ppm, so that labels never jump. Arrivals are measured on the monotonic clock. When the
/// wall clock is stepped by more than half a second, labels move with it from then on, and the
/// caller is told so that it can begin a new segment; no sample is touched.
///
/// It assumes that positions never go backwards, and must never be used across a gap.
public struct MediaTimeline: Sendable {
  /// The two clocks, read together when bytes arrived.
  public struct Arrival: Hashable, Sendable {
    public let wall: Instant
    public let monotonic: Monotonic

    public init(wall: Instant, monotonic: Monotonic) {
      self.wall = wall
      self.monotonic = monotonic
    }
  }

  public enum Event: Hashable, Sendable {
    /// The anchor is good from now on.
    case settled
    /// The wall clock jumped; labels from here on are later by that much (or earlier).
    case clockStepped(by: Duration)
    /// For ten seconds nothing came as early as it should, and it is not catching up: the sender
    /// left out that much. Labels from here on are later by it.
    case fellBehind(by: Duration)
  }

  /// Larger moves of wall against monotonic time are steps; smaller ones are clock discipline.
  public static let stepThreshold = Duration.milliseconds(500)
  /// Parts per million by which labels may run faster or slower than the sample count.
  public static let slewPPM = 500
  /// Moves of the anchor by less than that are the network's, not a burst's.
  static let restThreshold = Duration.milliseconds(250)
  /// A lasting lag of this much is audio that the sender left out; less is the network.
  public static let lagThreshold = Duration.milliseconds(300)

  public let sampleRate: Int
  public private(set) var isSettled: Bool

  private let settling: Duration
  /// Wall time of sample 0 in nanoseconds since the epoch; nil until something arrived.
  private var anchor: Int64?
  /// Where the anchor is heading.
  private var target: Int64 = 0
  private var firstArrival: Monotonic?
  private var lastArrival: Monotonic?
  /// The least candidate when the anchor last moved by much, and when that was.
  private var restMark = Int64.max / 2
  private var movedAt: Monotonic?
  /// Wall minus monotonic, nanoseconds.
  private var clockOffset: Int64 = 0
  private var window = ArrivalWindow()

  public init(sampleRate: Int, settling: Duration = .seconds(3)) {
    self.sampleRate = sampleRate
    self.settling = settling
    isSettled = false
  }

  /// Goes on after an exact splice onto a tape whose end is labelled `end`: sample 0 is the first
  /// sample after it.
  public init(continuingFrom end: Instant, sampleRate: Int) {
    self.sampleRate = sampleRate
    settling = .zero
    isSettled = true
    anchor = end.microseconds * 1000
    target = end.microseconds * 1000
  }

  /// Bytes whose last whole frame ends at `endPosition` samples have arrived.
  public mutating func note(endPosition: Int64, arrival: Arrival) -> Event? {
    let step = followClock(arrival)
    let mediaTime = nanoseconds(endPosition)
    let candidate = arrival.monotonic.nanoseconds - mediaTime
    let closed = window.note(candidate, at: arrival.monotonic.nanoseconds)
    let elapsed = lastArrival.map { arrival.monotonic - $0 } ?? .zero
    lastArrival = arrival.monotonic
    let first = firstArrival ?? arrival.monotonic
    firstArrival = first

    if !isSettled {
      anchor = window.minimum + clockOffset
      target = anchor ?? 0
      if hasSettled(since: first, at: arrival.monotonic) {
        isSettled = true
        return .settled
      }
      return nil
    }
    if let lag = closed.flatMap(lag) {
      anchor? += lag.nanoseconds
      window = ArrivalWindow()
      target = anchor ?? 0
      return .fellBehind(by: lag)
    }
    if window.isMature { target = window.minimum + clockOffset }
    slew(elapsed)
    return step.map { .clockStepped(by: $0) }
  }

  /// The label of a sample; nil before anything arrived.
  public func instant(ofSample position: Int64) -> Instant? {
    anchor.map { Instant(microseconds: ($0 + nanoseconds(position)) / 1000) }
  }

  /// The label of sample 0, once it can be relied on; for judging a splice.
  public var estimatedStart: Instant? {
    isSettled ? anchor.map { Instant(microseconds: $0 / 1000) } : nil
  }

  /// A source that is always ahead of itself settles after ten times as long.
  private mutating func hasSettled(since first: Monotonic, at now: Monotonic) -> Bool {
    if restMark - window.minimum > MediaTimeline.restThreshold.nanoseconds {
      restMark = window.minimum
      movedAt = now
    }
    let rested = movedAt.map { now - $0 >= settling / 3 } ?? true
    return now - first >= settling * 10 || (now - first >= settling && rested)
  }

  private mutating func followClock(_ arrival: Arrival) -> Duration? {
    let offset = arrival.wall.microseconds * 1000 - arrival.monotonic.nanoseconds
    defer { clockOffset = offset }
    guard firstArrival != nil else { return nil }
    let change = Duration.nanoseconds(offset - clockOffset)
    guard change > MediaTimeline.stepThreshold || change < .zero - MediaTimeline.stepThreshold
    else { return nil }
    anchor? += change.nanoseconds
    target += change.nanoseconds
    return change
  }

  /// How late a whole window was, where that is the sender's doing. A window that begins late and
  /// ends early is a stall that is being made good.
  private func lag(_ window: ArrivalWindow.Closed) -> Duration? {
    guard let anchor, window.first - window.minimum < 250_000_000 else { return nil }
    let lag = Duration.nanoseconds(window.minimum + clockOffset - anchor)
    return lag > MediaTimeline.lagThreshold ? lag : nil
  }

  private mutating func slew(_ elapsed: Duration) {
    guard let anchor else { return }
    let limit = elapsed.nanoseconds / 1_000_000 * Int64(MediaTimeline.slewPPM)
    self.anchor = anchor + max(-limit, min(limit, target - anchor))
  }

  private func nanoseconds(_ samples: Int64) -> Int64 {
    let rate = Int64(sampleRate)
    return samples / rate * 1_000_000_000 + samples % rate * 1_000_000_000 / rate
  }
}

/// The least value of the last minute, kept as six windows of ten seconds.
private struct ArrivalWindow: Sendable {
  private static let length: Int64 = 10_000_000_000
  private static let count = 6

  private var closed: [Int64] = []
  private var current: Int64 = .max
  private var currentFirst: Int64 = .max
  private var currentStart: Int64?

  struct Closed {
    let minimum: Int64
    let first: Int64
  }

  /// Whether at least one window is complete: one arrival says little about the sender's clock.
  var isMature: Bool { !closed.isEmpty }

  var minimum: Int64 { closed.reduce(current, min) }

  /// Returns the window that this value closes, if any.
  mutating func note(_ value: Int64, at now: Int64) -> Closed? {
    guard let start = currentStart, now - start < ArrivalWindow.length else {
      let ended = currentStart.map { _ in Closed(minimum: current, first: currentFirst) }
      if let ended {
        if closed.count == ArrivalWindow.count { closed.removeFirst() }
        closed.append(ended.minimum)
      }
      current = value
      currentFirst = value
      currentStart = now
      return ended
    }
    current = min(current, value)
    return nil
  }
}
