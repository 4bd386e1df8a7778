import Base
import Media
import Testing

struct MediaTimelineTests {
  static let rate = 44_100
  static let start = Instant(seconds: 1_800_000_000)

  /// A sender whose clock may run fast or slow, seen from a machine whose wall clock may step.
  struct World {
    var wallOffset = Duration.zero
    /// Media seconds per real second.
    var speed = 1.0

    /// What the sender has played `real` seconds after its sample 0.
    func position(_ real: Double) -> Int64 { Int64(real * speed * Double(rate)) }

    func arrival(_ real: Double) -> MediaTimeline.Arrival {
      let elapsed = Duration.nanoseconds(Int64(real * 1e9))
      return MediaTimeline.Arrival(
        wall: start + elapsed + wallOffset,
        monotonic: Monotonic(nanoseconds: 5_000_000_000) + elapsed)
    }

    /// Everything played until `played` is there at `real`.
    func note(_ timeline: inout MediaTimeline, played: Double? = nil, _ real: Double)
      -> MediaTimeline.Event?
    {
      timeline.note(endPosition: position(played ?? real), arrival: arrival(real))
    }
  }

  static func error(_ timeline: MediaTimeline, _ sample: Int64, _ expected: Instant) -> Duration {
    guard let label = timeline.instant(ofSample: sample) else { return .seconds(1_000_000) }
    let difference = label - expected
    return difference < .zero ? .zero - difference : difference
  }

  @Test func `A burst of the past does not shift the labels`() {
    // Connected 10 s after sample 0 was played, given 4 s of the past at once.
    let world = World()
    var timeline = MediaTimeline(sampleRate: Self.rate)
    var generator = SplitMix64(seed: 3)
    var settledAt: Double?
    var position = Int64(0)
    let first = world.position(6)
    for tick in 0..<60 {
      let real = 10 + Double(tick) * 0.1
      // The network delays by 0 ... 80 ms, so the newest sample here is older than now.
      let delay = Double.random(in: 0...0.08, using: &generator)
      position = max(position, world.position(real - delay) - first)
      if timeline.note(endPosition: position, arrival: world.arrival(real)) == .settled {
        settledAt = real
      }
    }
    #expect(timeline.isSettled)
    #expect(settledAt.map { $0 >= 12.999 && $0 < 13.2 } ?? false)
    #expect(Self.error(timeline, 0, Self.start + .seconds(6)) < .milliseconds(10))
  }

  @Test func `A burst that trickles in is still placed in the past`() {
    let world = World()
    var timeline = MediaTimeline(sampleRate: Self.rate)
    for tick in 0..<40 {
      let real = 10 + Double(tick) * 0.1
      let played = min(real, 6 + 0.8 * Double(tick + 1))
      _ = timeline.note(
        endPosition: world.position(played) - world.position(6), arrival: world.arrival(real))
    }
    #expect(Self.error(timeline, 0, Self.start + .seconds(6)) < .milliseconds(1))
  }

  @Test(arguments: [-200.0, -50, 50, 200])
  func `Labels follow a sender whose clock is off, without a jump`(_ ppm: Double) {
    let world = World(speed: 1 + ppm / 1e6)
    var timeline = MediaTimeline(sampleRate: Self.rate)
    var jumps = 0
    for tick in 0..<7200 {
      let previous = timeline.instant(ofSample: 0)
      _ = world.note(&timeline, Double(tick))
      if let previous, let now = timeline.instant(ofSample: 0), tick > 4 {
        let moved = now - previous
        jumps += moved <= .microseconds(501) && moved >= .microseconds(-501) ? 0 : 1
      }
    }
    #expect(jumps == 0)
    // Left alone, 200 ppm would be 1.44 s after two hours.
    let error = Self.error(timeline, world.position(7199), Self.start + .seconds(7199))
    #expect(error < .milliseconds(25))
  }

  @Test func `A stall and the flood after it do not move the labels`() {
    let world = World()
    var timeline = MediaTimeline(sampleRate: Self.rate)
    for tick in 0..<600 { _ = world.note(&timeline, Double(tick) / 10) }
    // Nothing for 90 s, then everything within a second.
    for step in 0...10 {
      let real = 150 + Double(step) / 10
      _ = world.note(&timeline, played: 60 + Double(step) * 9.1, real)
    }
    #expect(Self.error(timeline, 0, Self.start) < .milliseconds(1))
  }

  @Test func `What the sender left out is told and later labels are right again`() {
    let world = World()
    var timeline = MediaTimeline(sampleRate: Self.rate)
    var lags: [Duration] = []
    for tick in 0..<1000 {
      let real = Double(tick) / 10
      // At 50 s the sender freezes for 5 s and goes on with what is on air then.
      let played = real < 50 ? real : max(50, real - 5)
      if case .fellBehind(let lag) = world.note(&timeline, played: played, real) {
        lags.append(lag)
      }
    }
    #expect(lags.count == 1)
    #expect(lags.first.map { $0 > .milliseconds(4990) && $0 < .milliseconds(5010) } ?? false)
    #expect(Self.error(timeline, 0, Self.start + .seconds(5)) < .milliseconds(10))
  }

  @Test(arguments: [3600, -3600, 2, -2])
  func `A step of the wall clock moves later labels once and is told once`(_ seconds: Int64) {
    var world = World()
    var timeline = MediaTimeline(sampleRate: Self.rate)
    var events: [MediaTimeline.Event] = []
    for tick in 0..<1000 {
      if tick == 500 { world.wallOffset = .seconds(seconds) }
      if let event = world.note(&timeline, Double(tick) / 10) { events.append(event) }
    }
    #expect(events == [.settled, .clockStepped(by: .seconds(seconds))])
    #expect(Self.error(timeline, 0, Self.start + .seconds(seconds)) < .milliseconds(1))
  }

  @Test func `A tape that goes on after a splice keeps its labels and then follows slowly`() {
    let world = World()
    // The tape's end is labelled 100 ms late.
    var timeline = MediaTimeline(
      continuingFrom: Self.start + .milliseconds(100), sampleRate: Self.rate)
    #expect(timeline.isSettled)
    #expect(timeline.instant(ofSample: 0) == Self.start + .milliseconds(100))
    for tick in 0..<100 { _ = world.note(&timeline, Double(tick) / 10) }
    #expect(Self.error(timeline, 0, Self.start) > .milliseconds(95))
    for tick in 100..<6000 { _ = world.note(&timeline, Double(tick) / 10) }
    #expect(Self.error(timeline, 0, Self.start) < .milliseconds(1))
  }
}
