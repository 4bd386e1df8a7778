import Base
import Media
import Messages

/// One segment that a station offers, and how far we are with it.
struct HLSEntry: Hashable, Sendable {
  enum Fate: Hashable, Sendable {
    /// To be fetched, not before then.
    case due(Monotonic)
    case fetching
    case stored
    /// It never came, or the station has nothing there.
    case missing
  }

  var segment: HLSSegment
  /// Absolute.
  var address: String
  /// Its initialisation section's and key's, absolute.
  var mapAddress: String?
  var keyAddress: String?
  /// Its label.
  var start: Instant
  var splice: Splice
  /// Its place on the tape.
  var sequence: Int64
  var fate: Fate
  var failures = 0
  /// Why it did not come the last time.
  var failure: SourceFailure?
  /// Since when the playlist does not list it any more.
  var leftAt: Monotonic?

  var number: Int64 { segment.sequence }
  var end: Instant { start + segment.duration }
  var identity: String { URIReference.identity(address) }
  var isOpen: Bool { fate == .fetching || isDue }
  private var isDue: Bool { if case .due = fate { true } else { false } }
}

/// What is on the tape of a station's present count of segments: where a capture goes on.
struct HLSResume: Hashable, Sendable {
  struct Known: Hashable, Sendable {
    var number: Int64
    /// `URIReference.identity` of its address.
    var identity: String
    var start: Instant
    var end: Instant
  }

  /// Place on the tape minus the station's number: constant as long as the station counts on.
  var offset: Int64
  /// The newest ones, in the order of their numbers; never empty.
  var known: [Known]

  /// From a tape's newest segments, the newest first; nil where the newest is none of a station's.
  init?(_ newest: [Segment]) {
    guard let last = newest.first, let media = last.media else { return nil }
    offset = last.sequence - media.mediaSequence
    known = []
    for segment in newest {
      guard let media = segment.media, segment.sequence - media.mediaSequence == offset else {
        break
      }
      known.append(
        Known(
          number: media.mediaSequence, identity: media.address, start: segment.start,
          end: segment.end))
    }
    known.sort { $0.number < $1.number }
  }
}

/// Tells the wall time of segments.
///
/// The station's own dates count where its newest segment does not lie absurdly far from now;
/// else the newest segment's end is taken to be now when it is first seen, and media time is
/// counted on from there. A label in the future, or one that has fallen far behind, is set right.
struct HLSLabels: Hashable, Sendable {
  /// A station's clock may be that much ahead of ours, and its newest segment that much behind.
  static let mostAhead = Duration.seconds(30)
  static let mostBehind = Duration.seconds(900)
  /// Between two segments that follow each other: what dates and durations may differ by.
  static let seam = Duration.milliseconds(500)

  /// Whether a station may mean that time, somewhere in its list.
  static func isPlausible(_ date: Instant, in playlist: HLSMediaPlaylist, now: Instant) -> Bool {
    let age = now - date
    return playlist.isEnded || (age >= .zero - mostAhead && age <= mostBehind + playlist.window)
  }

  /// The labels of a playlist's segments, in its order. `known`: the labels of those that were
  /// seen before, by number.
  static func starts(
    of playlist: HLSMediaPlaylist, known: [Int64: (start: Instant, end: Instant)], now: Instant
  ) -> [Instant] {
    let segments = playlist.segments
    guard let last = segments.last else { return [] }
    if let date = last.date, isPlausible(date + last.duration, in: playlist, now: now),
      segments.allSatisfy({ $0.date != nil })
    {
      return segments.compactMap(\.date)
    }
    var starts: [Instant] = []
    var reached = known[segments[0].sequence - 1]?.end ?? now - playlist.window
    for segment in segments {
      let seen = known[segment.sequence]
      let before = known[segment.sequence - 1]?.end
      starts.append(seen?.start ?? before ?? reached)
      reached = seen?.end ?? (before ?? reached) + segment.duration
    }
    // What is new may not end in the future, nor further in the past than a station lags.
    let firstNew = segments.firstIndex { known[$0.sequence] == nil } ?? segments.endIndex
    guard firstNew < segments.endIndex else { return starts }
    let lag = now - reached
    let limit = playlist.window + .seconds(60)
    let shift = lag < .zero - .seconds(2) ? lag : lag > limit ? lag - playlist.window : .zero
    guard shift != .zero else { return starts }
    for index in firstNew..<segments.endIndex { starts[index] += shift }
    return starts
  }
}
