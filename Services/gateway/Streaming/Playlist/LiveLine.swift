import Base

/// What a stream's live playlists have said so far, and what they say next.
///
/// A live playlist may change in two ways only: entries are added at its end and taken from its
/// beginning, and the numbers of the first entry and of the first discontinuity tell which (RFC 8216
/// §6.2.1 and §6.2.2). So what was said is kept, on disk too, and what comes later to a place that
/// was already told is left out of the live playlists; the tape has it. A value.
struct LiveLine: Hashable, Codable, Sendable {
  /// One entry with its numbers.
  struct Item: Hashable, Codable, Sendable {
    var entry: PlaylistEntry
    /// Its media sequence number.
    var number: Int64
    /// Discontinuities up to here, its own included: in playlists that leave holes out, and in those
    /// that show them.
    var discontinuities: Int64
    var cuts: Int64
    /// Entries for holes up to here, in playlists that show holes.
    var holePieces: Int64
  }

  /// How long something that is missing is waited for.
  static let patience = Duration.seconds(15)
  /// After so long without a word the line is begun anew.
  static let longestPause = Duration.seconds(600)

  private(set) var items: [Item] = []
  private(set) var targetSeconds: Int

  /// `items` in order, as they were kept.
  init(items: [Item] = [], targetSeconds: Int = 0) {
    self.items = items
    self.targetSeconds = targetSeconds
  }

  var end: Instant? { items.last.map { Instant(microseconds: $0.entry.endUs) } }

  /// Adds what the tape has beyond the end, as far as it is settled. With `startsAnew` the line
  /// forgets what it has said, as nobody has heard it for long, and begins behind all numbers that
  /// it ever used; where there is nothing to begin with it stays as it is. Returns the new items.
  mutating func advance(_ segments: [TapeSegment], edge: TapeEdge, startsAnew: Bool = false)
    -> [Item]
  {
    guard !segments.isEmpty else { return [] }
    let floor = startsAnew ? items.last : nil
    if startsAnew { self = LiveLine() }
    if targetSeconds == 0 { targetSeconds = LiveLine.target(for: segments) }
    var added: [Item] = []
    for segment in segments {
      let last = items.last?.entry
      if let last, TapeMerge.isCovered(segment, by: last.segment) { continue }
      if let last, !edge.isSettled(segment, after: last.segment, from: segment.start) { break }
      for entry in PlaylistEntry.entries(
        of: segment, after: last, targetSeconds: targetSeconds)
      {
        let item = item(for: entry, floor: floor)
        items.append(item)
        added.append(item)
      }
    }
    return added
  }

  /// Puts what the tape has before the beginning there, for a player that wants to go back further.
  /// Returns the new items.
  mutating func extend(back segments: [TapeSegment]) -> [Item] {
    guard let first = items.first else { return [] }
    var entries: [PlaylistEntry] = []
    for segment in segments where segment.endUs <= first.entry.startUs + TapeMerge.tolerance {
      entries += PlaylistEntry.entries(
        of: segment, after: entries.last, targetSeconds: targetSeconds)
    }
    guard let last = entries.last else { return [] }
    // The first entry follows something now: its seam is known, and its numbers stay. So does its
    // run: players that know its initialisation section go on with it.
    var rest = items
    let joint = PlaylistEntry.entries(
      of: first.entry.segment, after: last, targetSeconds: targetSeconds)
    if first.entry.piece == 0, let seam = joint.first?.seam { rest[0].entry.seam = seam }
    var older: [Item] = []
    var following = rest[0]
    for entry in entries.reversed() {
      let item = Item(
        entry: entry, number: following.number - 1,
        discontinuities: following.discontinuities
          - (following.entry.isDiscontinuity(showingGaps: false) ? 1 : 0),
        cuts: following.cuts - (following.entry.isDiscontinuity(showingGaps: true) ? 1 : 0),
        holePieces: following.holePieces - pieces(between: entry, and: following.entry))
      older.append(item)
      following = item
    }
    older.reverse()
    items = older + rest
    return older + [rest[0]]
  }

  /// Forgets what no playlist will show again; returns the least number that is kept.
  mutating func prune(before instant: Instant) -> Int64? {
    let kept = items.drop { $0.entry.endUs < instant.microseconds }
    guard kept.count < items.count, kept.count >= 3 else { return nil }
    items = Array(kept)
    return items.first?.number
  }

  /// The playlist of the last `window` before the end, at least three entries long; nil while there
  /// is nothing to show.
  func playlist(_ stream: StreamID, window: Duration, style: PlaylistStyle) -> [UInt8]? {
    guard let last = items.last else { return nil }
    let start = last.entry.endUs - window.microseconds
    var first = items.partitioningIndex { $0.entry.endUs > start }
    first = min(first, max(0, items.count - 3))
    let shown = items[first...]
    guard let top = shown.first else { return nil }
    // The first entry's own tag is not written any more, so it counts as passed.
    let head = PlaylistWriter.Head(
      mediaSequence: top.number + (style.showsGaps ? top.holePieces : 0),
      discontinuitySequence: style.showsGaps ? top.cuts : top.discontinuities)
    return PlaylistWriter(stream: stream, style: style, targetSeconds: targetSeconds)
      .bytes(shown.lazy.map(\.entry), head)
  }

  private func item(for entry: PlaylistEntry, floor: Item?) -> Item {
    guard let last = items.last else {
      // As long as entries last a second on average, no line before this one came so far.
      return Item(
        entry: entry, number: max(entry.startUs / 1_000_000, (floor?.number ?? 0) + 1),
        discontinuities: floor.map { $0.discontinuities + 1 } ?? LiveLine.firstCount,
        cuts: floor.map { $0.cuts + 1 } ?? LiveLine.firstCount,
        holePieces: floor?.holePieces ?? LiveLine.firstCount)
    }
    return Item(
      entry: entry, number: last.number + 1,
      discontinuities: last.discontinuities + (entry.isDiscontinuity(showingGaps: false) ? 1 : 0),
      cuts: last.cuts + (entry.isDiscontinuity(showingGaps: true) ? 1 : 0),
      holePieces: last.holePieces + pieces(between: last.entry, and: entry))
  }

  private func pieces(between one: PlaylistEntry, and next: PlaylistEntry) -> Int64 {
    HolePieces.count(next.startUs - one.endUs, targetSeconds: targetSeconds)
  }

  /// Room to count back from.
  private static let firstCount: Int64 = 1_000_000

  /// Fixed for as long as the line lasts. Bare frames are cut to it; other segments are as long as
  /// the source made them, and later ones may be longer than those seen so far.
  static func target(for segments: [TapeSegment]) -> Int {
    let longest = segments.filter { !$0.isFramedAudio }.map(\.durationUs).max()
    return longest.map { max(10, Int(($0 + 999_999) / 1_000_000)) } ?? 6
  }
}

extension Array {
  /// The first index whose element fulfils the condition, where all behind it do.
  func partitioningIndex(_ condition: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
