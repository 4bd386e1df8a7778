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
/// - A live list without news for three target durations has stalled.
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

  private static let steps: [Duration] = [
    .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2),
    .seconds(4), .seconds(5),
  ]

  /// By the station's number.
  private(set) var entries: [Int64: HLSEntry] = [:]
  private var count: HLSCount
  /// Where the tape ends, with what is still being fetched; nil while it is empty.
  private(set) var tapeEnd: Instant?
  /// Nothing that ended before is needed.
  private let since: Instant
  private(set) var hasLoaded = false
  private var isResuming: Bool
  private var isNewBeginning = false

  private(set) var target = Duration.seconds(6)
  private var window = Duration.zero
  private var fingerprint: [String] = []
  private var loadAt: Monotonic?
  private var lastNews: Monotonic?
  private var loadFailures = 0
  private var outage: SourceFailure?
  private var isEnded = false
  private var generator: SplitMix64

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

  private static let longestWait = Duration.seconds(120)

  mutating func handle(_ event: Event, now: Monotonic) -> [Action] {
    switch event {
    case .begin:
      loadAt = nil
      lastNews = now
      return [.load]
    case .loaded(let playlist, let address, let wall):
      return loaded(playlist, address, wall, now)
    case .loadFailed(let failure): return loadFailed(failure, now)
    case .stored(let entry): return stored(entry)
    case .fetchFailed(let entry, let failure, let isGone):
      return fetchFailed(entry, failure, isGone, now)
    case .tick(let blocked): return tick(blocked, now)
    }
  }

  // MARK: - The playlist

  private mutating func loaded(
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

  private mutating func beginCount() {
    entries = [:]
    count.begin()
    isNewBeginning = true
  }

  private mutating func enter(
    _ playlist: HLSMediaPlaylist, _ address: String, _ wall: Instant, _ now: Monotonic
  ) -> [Action] {
    var actions: [Action] = []
    let labels = count.known.mapValues { (start: $0.start, end: $0.end) }
    let starts = HLSLabels.starts(of: playlist, known: labels, now: wall)
    // What is older than that was not needed then, and is not now; after a restart, what is missing
    // among those known is asked for again.
    let oldest = (isResuming ? count.oldest : count.newest) ?? .min
    for (segment, label) in zip(playlist.segments, starts)
    where count.known[segment.sequence] == nil && segment.sequence > oldest
      && label + segment.duration > since
    {
      let splice = join(segment, label, &actions)
      note(segment, place(label, of: segment.sequence), splice, address, now, &actions)
    }
    return actions
  }

  /// Labels never run backwards by rounding, nor where a station began anew a little early.
  private func place(_ label: Instant, of number: Int64) -> Instant {
    if let before = count.known[number - 1] { return max(label, before.start + .microseconds(1)) }
    guard let end = count.last(before: number)?.end ?? tapeEnd, label < end,
      end - label < .seconds(60)
    else { return label }
    return end
  }

  /// How a new segment follows what is known; what is missing before it becomes a gap.
  private mutating func join(
    _ segment: HLSSegment, _ start: Instant, _ actions: inout [Action]
  ) -> Splice {
    let isJoined = count.known[segment.sequence - 1] != nil
    guard let end = count.last(before: segment.sequence)?.end ?? tapeEnd else { return .first }
    guard start - end > HLSLabels.seam else {
      return !isJoined || segment.isDiscontinuity ? .discontinuity : .continuous
    }
    // What nobody needed is not missing.
    let from = max(end, since)
    if start > from {
      let (cause, detail) = explain(isJoined: isJoined)
      actions.append(.gap(Gap(start: from, end: start, cause: cause, detail: detail)))
    }
    return .afterGap
  }

  /// Why there is a hole.
  private func explain(isJoined: Bool) -> (cause: Gap.Cause, detail: String) {
    if let outage { return (outage.cause, outage.sentence) }
    if isJoined {
      return (.sourceStalled, "The station left out this time between two segments.")
    }
    if isResuming {
      return (
        .recorderDown, "The recorder was not running, and the station offered it no longer after."
      )
    }
    if isNewBeginning { return (.sourceClosed, "The station began anew after this time.") }
    return (.sourceExpired, "The station's playlist went on without these segments.")
  }

  private mutating func note(
    _ segment: HLSSegment, _ start: Instant, _ splice: Splice, _ address: String,
    _ now: Monotonic, _ actions: inout [Action]
  ) {
    let absolute = URIReference.resolve(segment.uri, in: address)
    let end = start + segment.duration
    let sequence = count.add(
      segment.sequence, identity: URIReference.identity(absolute), start: start, end: end)
    entries[segment.sequence] = HLSEntry(
      segment: segment, address: absolute,
      mapAddress: segment.map.map { URIReference.resolve($0.uri, in: address) },
      keyAddress: segment.key?.uri.map { URIReference.resolve($0, in: address) },
      start: start, splice: splice, sequence: sequence,
      fate: segment.isGap ? .missing : .due(now))
    tapeEnd = max(tapeEnd ?? end, end)
    if segment.isGap {
      actions.append(
        .gap(
          Gap(
            start: start, end: end, cause: .sourceGap,
            detail: "The station says that it has nothing here (EXT-X-GAP).")))
    }
  }

  /// What is not listed any more will be gone soon; what is done with is forgotten.
  private mutating func noteLeft(_ playlist: HLSMediaPlaylist, _ now: Monotonic) {
    guard let first = playlist.segments.first?.sequence else { return }
    for number in entries.keys where number < first {
      if entries[number]?.isOpen ?? false {
        if entries[number]?.leftAt == nil { entries[number]?.leftAt = now }
      } else if number < first - Int64(Self.memory) {
        entries[number] = nil
        count.forget(number)
      }
    }
  }

  private mutating func loadFailed(_ failure: SourceFailure, _ now: Monotonic) -> [Action] {
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

  private mutating func checkStall(_ now: Monotonic) -> [Action] {
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

  private static let ended = SourceFailure(
    .sourceClosed, "The station has ended its stream.", pace: .slow)

  // MARK: - Segments

  /// The present entry; nil where its number has come to mean another segment.
  private func current(_ fetched: HLSEntry) -> HLSEntry? {
    entries[fetched.number].flatMap { $0.sequence == fetched.sequence ? $0 : nil }
  }

  private mutating func stored(_ fetched: HLSEntry) -> [Action] {
    guard current(fetched) != nil else { return [] }
    entries[fetched.number]?.fate = .stored
    return outage == nil ? report(.capturing, nil) : []
  }

  private mutating func fetchFailed(
    _ fetched: HLSEntry, _ failure: SourceFailure, _ isGone: Bool, _ now: Monotonic
  ) -> [Action] {
    let number = fetched.number
    guard var entry = current(fetched), entry.fate == .fetching else { return [] }
    entry.failures += 1
    let hasExpired = entry.leftAt.map { isGone || now - $0 > window + target } ?? false
    if hasExpired || (isEnded && entry.failures >= Self.patience) {
      entry.fate = .missing
      entries[number] = entry
      return [
        .gap(
          Gap(
            start: entry.start, end: entry.end,
            cause: isGone ? .sourceExpired : failure.cause,
            detail: isGone
              ? "The station listed this segment and never gave it: \(failure.sentence)"
              : failure.sentence))
      ]
    }
    let step = min(Self.steps[min(entry.failures, Self.steps.count) - 1], target)
    entry.fate = .due(now + max(spread(step), min(failure.retryAfter ?? .zero, target)))
    entries[number] = entry
    return []
  }

  /// The oldest first: they leave the list soonest.
  private mutating func fetches(_ now: Monotonic) -> [Action] {
    let open = entries.values.filter(\.isOpen).sorted { $0.number < $1.number }
    var free = Self.parallel - open.count { $0.fate == .fetching }
    var actions: [Action] = []
    for var entry in open where free > 0 {
      guard case .due(let at) = entry.fate, at <= now else { continue }
      entry.fate = .fetching
      entries[entry.number] = entry
      actions.append(.fetch(entry))
      free -= 1
    }
    return actions
  }

  /// While the disk takes nothing, segments stay where they are, at the station, for as long as it
  /// keeps them.
  private mutating func expire(_ blocked: SourceFailure, _ now: Monotonic) -> [Action] {
    var actions: [Action] = []
    for (number, entry) in entries.sorted(by: { $0.key < $1.key }) {
      guard case .due = entry.fate, let leftAt = entry.leftAt, now - leftAt > window + target else {
        continue
      }
      entries[number]?.fate = .missing
      actions.append(
        .gap(
          Gap(
            start: entry.start, end: entry.end, cause: blocked.cause, detail: blocked.sentence)))
    }
    return actions
  }

  private mutating func tick(_ blocked: SourceFailure?, _ now: Monotonic) -> [Action] {
    var actions = blocked.map { expire($0, now) } ?? fetches(now)
    if let loadAt, now >= loadAt {
      self.loadAt = nil
      actions.append(.load)
    }
    if hasLoaded, loadFailures == 0 { actions += checkStall(now) }
    return actions
  }

  private func report(_ state: CaptureState, _ reason: String?) -> [Action] {
    [.report(state, reason: reason)]
  }

  /// Up to a tenth later, so that many captures of one server do not come at once.
  private mutating func spread(_ duration: Duration) -> Duration {
    duration
      + .nanoseconds(Int64.random(in: 0...max(0, duration.nanoseconds / 10), using: &generator))
  }
}
