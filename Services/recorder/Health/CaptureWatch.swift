import Base
import Media
import Messages

/// What a capture knows of the quality of what it brings, and the connection that it tries beside.
struct CaptureWatch {
  /// Things that happened since the capture was made.
  struct Counts: Hashable, Sendable {
    var outages = 0
    var stalls = 0
    var uncertainSplices = 0
    var takeovers = 0
    /// Captured, and given up for want of room.
    var givenUp = Duration.zero
  }

  /// One that is tried.
  struct Trial {
    let address: Int
    var probe: CaptureProbe
    let since: Monotonic
    /// Lists that were followed.
    var depth = 0
    /// It is an HLS playlist, whose list was seen to move on or not yet, or a page whose stream was
    /// found: it is connected anew where it takes over. nil: it is neither.
    var isMovingList: Bool?
    var hasFailed = false
  }

  /// After so long a station that became another one is taken for what it is.
  static let acceptedAfter = Duration.seconds(1800)

  var ladder = StallLadder()
  var policy: TrialPolicy
  var trial: Trial?
  var counts = Counts()
  /// Since when nothing has come; nil while something does.
  var outageSince: Monotonic?
  private(set) var finding: StallLadder.Finding?
  /// Since when the same rung has been found.
  private(set) var foundSince: Monotonic?
  /// What each address was when it was well.
  private var known: [Int: StallLadder.Identity] = [:]
  /// Hashes of what the running connection brought since the trial began.
  private var brought: Set<UInt64> = []

  init(addresses: Int, limits: TrialPolicy.Limits) {
    policy = TrialPolicy(addresses: addresses, limits: limits)
  }

  func identity(ofAddress address: Int) -> StallLadder.Identity? { known[address] }

  mutating func connected(to address: Int) {
    ladder = StallLadder(expected: known[address])
    note(nil, nil)
  }

  mutating func note(_ frames: [FrameScanner.Frame], arrival: MediaTimeline.Arrival) {
    ladder.note(frames, now: arrival.monotonic)
    guard trial != nil, brought.count < 4000 else { return }
    for frame in frames { brought.insert(frame.hash) }
  }

  mutating func begin(_ trial: Trial) {
    brought = []
    self.trial = trial
  }

  mutating func endTrial() {
    trial = nil
    brought = []
  }

  /// What is wrong now. `address` is the one that is captured.
  mutating func look(address: Int, _ now: Monotonic) {
    note(ladder.finding(now), now)
    if finding == nil, known[address] == nil, let identity = ladder.brings,
      ladder.firstFrame.map({ now - $0 >= StallLadder.window }) ?? false
    {
      learn(identity, address)
    }
    if finding?.rung == .changed, let foundSince, now - foundSince >= CaptureWatch.acceptedAfter,
      let identity = ladder.brings
    {
      learn(identity, address)
    }
  }

  private mutating func learn(_ identity: StallLadder.Identity, _ address: Int) {
    known[address] = identity
    ladder.expect(identity)
  }

  private mutating func note(_ finding: StallLadder.Finding?, _ now: Monotonic?) {
    if finding?.rung != self.finding?.rung { foundSince = finding == nil ? nil : now }
    self.finding = finding
  }

  /// Whether the trial brings the frames that the running connection brings; nil: too soon to tell.
  func isSame(_ trial: Trial, _ now: Monotonic) -> Bool? {
    let common = trial.probe.tail.hashes.filter { brought.contains($0) }
    if common.count >= 8, Set(common).count >= 3 { return true }
    guard let first = trial.probe.ladder.firstFrame, now - first >= .seconds(5) else { return nil }
    return false
  }
}
