import Base
import Media
import Messages

/// Decides when others are told how a capture is doing: at once when that changes, but at most once
/// a second, a mere change of title at most every five, and of health every half minute (every ten
/// seconds where it is a great one). A value.
struct StatusReporter {
  /// What was noted last, whether or not anybody was told.
  private(set) var current: CaptureStatus
  private var told: CaptureStatus?
  private var toldAt: Monotonic?
  private var state = CaptureState.idle
  private var reason: String?
  private var bytes: Int64 = 0
  private var samples: Int64 = 0
  private var mediaTime = Duration.zero

  private static let spacing = Duration.seconds(1)
  private static let titleSpacing = Duration.seconds(5)
  private static let greatHealthSpacing = Duration.seconds(10)
  private static let healthSpacing = Duration.seconds(30)
  /// A change by so many points is a great one.
  private static let greatChange = 20

  init(stream: StreamID, node: NodeID, now: Instant) {
    current = CaptureStatus(stream: stream, node: node, state: .idle, since: now)
  }

  mutating func note(_ state: CaptureState, reason: String?) {
    self.state = state
    self.reason = reason
    if state == .connecting {
      bytes = 0
      samples = 0
      mediaTime = .zero
    }
  }

  mutating func note(address: Int) { current.address = address }

  mutating func note(health: StreamHealth?) { current.health = health }

  mutating func note(title: String?) { current.title = title }

  mutating func note(source: SourceDescription) { current.source = source }

  mutating func note(format: FrameFormat, frames: [FrameScanner.Frame]) {
    current.codec = format.codec.rawValue
    for frame in frames {
      bytes += Int64(frame.length)
      samples += Int64(frame.samples)
    }
    // To the kilobit; the first second's value stays, so that it does not flicker.
    if samples < Int64(format.sampleRate), samples > 0 {
      let rate = bytes * 8 * Int64(format.sampleRate) / samples
      current.bitsPerSecond = Int((rate + 500) / 1000 * 1000)
    }
  }

  /// A media segment of an HLS stream was stored.
  mutating func note(_ media: MediaContent, bytes count: Int64) {
    current.codec = media.codecs.isEmpty ? media.container.rawValue : media.codecs
    current.height = media.height
    // The mean of the first half minute stays, so that it does not flicker.
    guard mediaTime < .seconds(30), media.duration > .zero else { return }
    bytes += count
    mediaTime += media.duration
    current.bitsPerSecond = Int(Double(bytes) * 8 / mediaTime.inSeconds / 1000) * 1000
  }

  /// Whether others know the state; what came too soon after the last word is told later.
  var isStateTold: Bool { told.map { $0.state == state } ?? true }

  /// The status to tell now; nil where there is no news or it is too soon. A fault of the disk
  /// stands above everything else.
  mutating func due(fault: String?, at now: Instant, monotonic: Monotonic) -> CaptureStatus? {
    let state = fault != nil && self.state != .idle ? .blocked : self.state
    let reason = fault != nil && self.state != .idle ? fault : self.reason
    if current.state != state { current.since = now }
    current.state = state
    current.reason = reason
    guard current != told else { return nil }
    if let toldAt, monotonic - toldAt < spacing { return nil }
    told = current
    toldAt = monotonic
    return current
  }

  /// How long after the last word this one may follow.
  private var spacing: Duration {
    guard let told, told.state == current.state, told.reason == current.reason,
      told.address == current.address
    else { return StatusReporter.spacing }
    var healthy = current
    healthy.health = told.health
    guard healthy == told else { return StatusReporter.titleSpacing }
    let change = abs((told.health?.score ?? 100) - (current.health?.score ?? 100))
    return change >= StatusReporter.greatChange
      ? StatusReporter.greatHealthSpacing : StatusReporter.healthSpacing
  }
}
