public import Base

/// A DASH manifest (ISO/IEC 23009-1) as it was read: which representations of a programme there are,
/// and by which rule their segments are named.
///
/// Reading is total, as that of HLS playlists is: whatever stands in the file, it ends with a manifest
/// or an error, in time and memory bounded by the limits. What makes no sense is left out rather than
/// guessed at.
public struct DASHManifest: Hashable, Sendable {
  /// Grows while the programme goes on; a manifest that does not is complete.
  public var isDynamic = false
  /// What times are counted from; nil where it is not told.
  public var availabilityStart: Instant?
  /// How long all periods last together, where it is told.
  public var duration: Duration?
  /// For how long the station keeps segments; nil: for ever.
  public var window: Duration?
  public var periods: [DASHPeriod] = []

  public init() {}

  /// The part of an address behind which a representation's name stands: such addresses are read as
  /// the list of its segments.
  static let mark = "#representation="
}

/// A stretch of a programme with representations of its own.
public struct DASHPeriod: Hashable, Sendable {
  public var id: String?
  /// Since `availabilityStart`.
  public var start: Duration
  /// nil for the last one of a programme that goes on.
  public var duration: Duration?
  public var representations: [DASHRepresentation] = []
}

/// One coding of a period's sound, picture, or both.
public struct DASHRepresentation: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case video, audio
    /// Text and whatever else there may be.
    case other
  }

  public var id: String
  public var kind: Kind
  /// Which of the period's adaptation sets it is of, from 0: those of one set can take each other's
  /// place.
  public var set: Int
  /// Bits per second; nil where it is not told.
  public var bandwidth: Int?
  /// RFC 6381, as written.
  public var codecs: String?
  public var mimeType: String
  public var width: Int?
  public var height: Int?
  public var language: String?
  /// Said to be the main one of its kind.
  public var isMain = false
  public var isEncrypted = false
  /// Pictures alone, for fast winding.
  public var isTrick = false
  /// What its addresses are relative to, absolute.
  public var base: String
  /// nil where it is one whole file.
  public var addressing: DASHAddressing?
}

/// The rule by which the segments of a representation are named.
public struct DASHAddressing: Hashable, Sendable {
  /// One line of a timeline: as many segments as it is repeated, and one.
  public struct Run: Hashable, Sendable {
    /// Media time of the first, in the timescale; nil: where the one before ended.
    public var time: Int64?
    public var duration: Int64
    /// -1: up to the next run, the period's end, or now.
    public var repetitions: Int64
  }

  public struct Resource: Hashable, Sendable {
    public var address: String
    public var range: DASHRange?
  }

  /// With `$Number$` or `$Time$` in it; nil where `list` says all.
  public var template: String?
  public var list: [Resource] = []
  /// The initialisation section, likewise with `$RepresentationID$`.
  public var initialisation: Resource?
  /// Ticks per second.
  public var timescale: Int64 = 1
  /// Of each segment but the last, in ticks; nil where the timeline says it.
  public var duration: Int64?
  public var timeline: [Run]?
  public var startNumber: Int64 = 1
  public var endNumber: Int64?
  /// Media time at the period's start, in ticks.
  public var presentationTimeOffset: Int64 = 0
}

/// A part of a file, both ends included.
public struct DASHRange: Hashable, Sendable {
  public var first: Int64
  public var last: Int64

  /// `0-499`; nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = Int64(parts[0]), let last = Int64(parts[1]),
      first >= 0, last >= first, last < 1 << 50
    else { return nil }
    (self.first, self.last) = (first, last)
  }
}

/// Why something is no manifest.
public enum DASHError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Its root is no `MPD`.
  case notAManifest
  case tooLarge
  case unreadable(String)

  public var description: String {
    switch self {
    case .notAManifest: "what came is no DASH manifest: it holds no MPD element"
    case .tooLarge:
      "the manifest is larger than \(DASHReader.largest >> 20) MB or has too many elements"
    case .unreadable(let why): "the manifest cannot be read: \(why)"
    }
  }
}
