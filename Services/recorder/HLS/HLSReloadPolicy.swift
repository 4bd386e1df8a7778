import Base
import Media
import Messages

/// What a capture of an HLS stream does next: (state, event, now) → (state, actions). A value.
///
/// - The playlist is loaded again after the target duration, after half of it where nothing was new
///   (RFC 8216 §6.3.4), spread a little.
/// - A segment is known by the station's number. Its place on the tape is that number plus an offset
///   that stays as long as the station counts on, so that none is ever stored twice, and a capture
///   that comes back goes on where it was: with the oldest one first, which leaves the list soonest.
/// - Numbers that begin anew, or the same ones with other addresses or dates, are a station that was
///   started again: everything it lists is new.
/// - What the list skips, what it says it has not (EXT-X-GAP) and what it offers and does not give
///   becomes a gap with exact ends.
/// - A segment that cannot be had is tried until its list has been without it for as long as servers
///   must keep it (RFC 8216 §6.2.2).
/// - A live list without news for three target durations has stalled, and so has one whose segments
///   do not come for as long; after twice that its address is given up.
struct HLSReloadPolicy {
  enum Event {
    case begin
    /// The playlist came from this address (after redirects).
    case loaded(HLSMediaPlaylist, from: String, wall: Instant)
    case loadFailed(SourceFailure)
    case stored(HLSEntry)
    /// `isGone`: the server says that it is not there.
    case fetchFailed(HLSEntry, SourceFailure, isGone: Bool)
    /// Several times a second. `blocked`: why nothing more can be stored now.
    case tick(blocked: SourceFailure?)
  }

  enum Action: Hashable {
    case load
    case fetch(HLSEntry)
    case gap(Gap)
    /// From now on nothing comes, for this reason.
    case outage(SourceFailure)
    /// Segments come (again): what was said to be missing from there on is withdrawn, and what is
    /// missing in truth follows.
    case resumed(from: Instant)
    case report(CaptureState, reason: String?)
    /// The address is given up; whoever began this may try another.
    case giveUp(SourceFailure)
  }

  /// Fetched at a time.
  static let parallel = 2
  /// Failures of the playlist in a row after which the address is given up; one that has never come
  /// sooner, because another may.
  static let patience = 6
  static let patienceAtFirst = 3
  /// Numbers remembered after their segments are done with.
  static let memory = 200

  static let steps: [Duration] = [
    .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(4), .seconds(5),
  ]

  /// By the station's number.
  var entries: [Int64: HLSEntry] = [:]
  var count: HLSCount
  /// Where the tape ends, with what is still being fetched; nil while it is empty.
  var tapeEnd: Instant?
  /// Nothing that ended before is needed.
  let since: Instant
  var hasLoaded = false
  var isResuming: Bool
  var isNewBeginning = false

  var target = Duration.seconds(6)
  var window = Duration.zero
  var fingerprint: [String] = []
  var loadAt: Monotonic?
  var lastNews: Monotonic?
  /// When a segment came last, or the capture began.
  var lastStored: Monotonic?
  var isStarved = false
  var loadFailures = 0
  var outage: SourceFailure?
  var isEnded = false
  var generator: SplitMix64

  /// `tapeEnd`, `nextSequence`: of the tape as it is; `resume`: what of it the station may go on
  /// with; `outage`: why nothing came until now, where something should have.
  init(
    resume: HLSResume?, tapeEnd: Instant?, nextSequence: Int64, since: Instant,
    outage: SourceFailure? = nil, seed: UInt64
  ) {
    self.outage = outage
    self.tapeEnd = tapeEnd
    self.since = since
    count = HLSCount(resume: resume, nextPlace: nextSequence)
    isResuming = resume != nil
    generator = SplitMix64(seed: seed)
  }

  /// Up to here the tape has everything that will come.
  var settledEnd: Instant? {
    let open = entries.values.filter(\.isOpen).map(\.start).min()
    return open ?? tapeEnd
  }

  /// How long after its time something may still come: a station lags by some of its segments, and
  /// after an outage it still has what it lists.
  var latency: Duration {
    let lag = target * 3 + .seconds(5)
    return outage == nil ? lag : lag + min(window, Self.longestWait)
  }

  static let longestWait = Duration.seconds(120)

  mutating func handle(_ event: Event, now: Monotonic) -> [Action] {
    switch event {
    case .begin:
      loadAt = nil
      lastNews = now
      lastStored = now
      return [.load]
    case .loaded(let playlist, let address, let wall):
      return loaded(playlist, address, wall, now)
    case .loadFailed(let failure): return loadFailed(failure, now)
    case .stored(let entry): return stored(entry, now)
    case .fetchFailed(let entry, let failure, let isGone):
      return fetchFailed(entry, failure, isGone, now)
    case .tick(let blocked): return tick(blocked, now)
    }
  }

  // MARK: - The playlist

  mutating func loaded(
    _ playlist: HLSMediaPlaylist, _ address: String, _ wall: Instant, _ now: Monotonic
  ) -> [Action] {
    loadFailures = 0
    isEnded = playlist.isEnded
    target = min(
      max(
        playlist.targetDuration ?? playlist.segments.map(\.duration).max() ?? .seconds(6),
        .milliseconds(500)), .seconds(60))
    window = playlist.window
    let print = playlist.segments.map { "\($0.sequence) \($0.uri)" } + ["\(playlist.isEnded)"]
    let isNews = print != fingerprint
    fingerprint = print
    loadAt = now + spread(isNews ? target : target / 2)
    guard isNews || !hasLoaded else { return checkStall(now) }
    var actions: [Action] = []
    if outage != nil || !hasLoaded { actions.append(.resumed(from: max(tapeEnd ?? since, since))) }
    let isAnew = count.isBegunAnew(
      playlist, from: address, dates: entries.compactMapValues(\.segment.programDateTime),
      wall: wall, target: target, now: now)
    if isAnew { beginCount() }
    actions += enter(playlist, address, wall, now)
    noteLeft(playlist, now)
    outage = nil
    lastNews = now
    (hasLoaded, isResuming, isNewBeginning) = (true, false, false)
    return actions
  }

  mutating func loadFailed(_ failure: SourceFailure, _ now: Monotonic) -> [Action] {
    loadFailures += 1
    var step = Self.steps[min(loadFailures, Self.steps.count) - 1]
    if failure.pace == .patient { step = max(step, .seconds(5)) }
    loadAt = now + max(spread(step), min(failure.retryAfter ?? .zero, .seconds(60)))
    // One failure between two loads costs nothing.
    guard loadFailures >= 2 || !hasLoaded else { return [] }
    var actions: [Action] = []
    if outage?.cause != failure.cause { actions.append(.outage(failure)) }
    outage = failure
    actions += report(.waiting, failure.sentence)
    let isSilent = entries.values.allSatisfy { !$0.isOpen }
    if loadFailures >= (hasLoaded ? Self.patience : Self.patienceAtFirst), isSilent {
      actions.append(.giveUp(failure))
    }
    return actions
  }

  mutating func checkStall(_ now: Monotonic) -> [Action] {
    if isEnded {
      guard entries.values.allSatisfy({ !$0.isOpen }) else { return [] }
      return [.giveUp(Self.ended)]
    }
    guard let lastNews, now - lastNews > target * 3, outage == nil else { return [] }
    let failure = SourceFailure(
      .sourceStalled,
      "The station's playlist has not moved for \(Int((now - lastNews).inSeconds.rounded())) "
        + "seconds.")
    outage = failure
    return [.outage(failure)] + report(.stalled, failure.sentence)
  }

  static let ended = SourceFailure(
    .sourceClosed, "The station has ended its stream.", pace: .slow)

  mutating func tick(_ blocked: SourceFailure?, _ now: Monotonic) -> [Action] {
    // Nothing is asked for while nothing can be stored, which says nothing of the station.
    if blocked != nil { lastStored = now }
    var actions = blocked.map { expire($0, now) } ?? fetches(now)
    if let loadAt, now >= loadAt {
      self.loadAt = nil
      actions.append(.load)
    }
    if hasLoaded, loadFailures == 0 { actions += checkStall(now) + checkSegments(now) }
    return actions
  }

  func report(_ state: CaptureState, _ reason: String?) -> [Action] {
    [.report(state, reason: reason)]
  }

  /// Up to a tenth later, so that many captures of one server do not come at once.
  mutating func spread(_ duration: Duration) -> Duration {
    duration
      + .nanoseconds(Int64.random(in: 0...max(0, duration.nanoseconds / 10), using: &generator))
  }
}
