import Base
import DASH
import Media

/// A station's count of its segments, and the places on the tape that go with it.
///
/// A segment's place is its number plus an offset that stays as long as the station counts on. When
/// the station begins anew (its encoder was started again), a new offset is chosen behind all places
/// in use. So no two segments ever have the same place, and the same segment never has two.
struct HLSCount {
  /// By number; the newest ones.
  private(set) var known: [Int64: HLSResume.Known] = [:]
  private var offset: Int64?
  private var nextPlace: Int64
  /// How often the station began anew.
  private(set) var beginnings = 0
  /// Since when the lists have been older than what is known.
  private var behindSince: Monotonic?

  init(resume: HLSResume?, nextPlace: Int64) {
    self.nextPlace = nextPlace
    offset = resume?.offset
    for segment in resume?.known ?? [] { known[segment.number] = segment }
  }

  /// What a manifest's segments are known by; when they play is told by their manifest alone.
  var forManifests: [DASHNumbers.Known] {
    known.values.sorted { $0.number < $1.number }
      .map { DASHNumbers.Known(number: $0.number, identity: $0.identity, start: nil) }
  }

  var newest: Int64? { known.keys.max() }
  var oldest: Int64? { known.keys.min() }

  /// The one with the greatest number below this.
  func last(before number: Int64) -> HLSResume.Known? {
    known[number - 1] ?? known.values.filter { $0.number < number }.max { $0.number < $1.number }
  }

  /// Notes a segment and says where it belongs.
  mutating func add(_ number: Int64, identity: String, start: Instant, end: Instant) -> Int64 {
    let offset = offset ?? nextPlace - number
    self.offset = offset
    nextPlace = max(nextPlace, offset + number + 1)
    known[number] = HLSResume.Known(number: number, identity: identity, start: start, end: end)
    return offset + number
  }

  /// A page gives out another address for the same stream, with which all names may change.
  mutating func forgetIdentities() {
    for number in known.keys { known[number]?.identity = "" }
  }

  mutating func forget(_ number: Int64) { known[number] = nil }

  /// The station begins anew: no number means what it meant.
  mutating func begin() {
    beginnings += 1
    known = [:]
    offset = nil
    behindSince = nil
  }

  /// Whether the list is not the one that was read before, grown. `dates`: what was written for
  /// numbers that are known.
  mutating func isBegunAnew(
    _ playlist: HLSMediaPlaylist, from address: String, dates: [Int64: Instant], wall: Instant,
    target: Duration, now: Monotonic
  ) -> Bool {
    guard let last = playlist.segments.last, let newest, let oldest else { return false }
    for segment in playlist.segments {
      guard let before = known[segment.sequence] else { continue }
      let identity = URIReference.identity(URIReference.resolve(segment.uri, in: address))
      if !before.identity.isEmpty, identity != before.identity { return true }
      // The same name at another time is another segment.
      guard let date = segment.programDateTime else { continue }
      let isDated = HLSLabels.isPlausible(date, in: playlist, now: wall)
      if let known = dates[segment.sequence] ?? (isDated ? before.start : nil),
        abs((date - known).microseconds) > 2_000_000
      {
        return true
      }
    }
    guard last.sequence < newest else {
      behindSince = nil
      return false
    }
    if last.sequence < oldest { return true }
    // A stale copy of the list catches up soon; a station that began anew does not.
    let since = behindSince ?? now
    behindSince = since
    return now - since > target * 3
  }
}
