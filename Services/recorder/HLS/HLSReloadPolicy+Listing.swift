import Base
import Media
import Messages

/// From a list to what is to be fetched: which segments are new, where they belong, and what is missing
/// between them.
extension HLSReloadPolicy {
  mutating func beginCount() {
    entries = [:]
    count.begin()
    isNewBeginning = true
  }

  mutating func enter(
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
  func place(_ label: Instant, of number: Int64) -> Instant {
    if let before = count.known[number - 1] { return max(label, before.start + .microseconds(1)) }
    guard let end = count.last(before: number)?.end ?? tapeEnd, label < end,
      end - label < .seconds(60)
    else { return label }
    return end
  }

  /// How a new segment follows what is known; what is missing before it becomes a gap.
  mutating func join(
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
  func explain(isJoined: Bool) -> (cause: Gap.Cause, detail: String) {
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

  mutating func note(
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
  mutating func noteLeft(_ playlist: HLSMediaPlaylist, _ now: Monotonic) {
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
}
