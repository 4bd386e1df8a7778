public import Base

/// The segments that a stream offers now, oldest first.
public struct HLSMediaPlaylist: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case event = "EVENT"
    case onDemand = "VOD"
  }

  public var version: Int?
  /// No segment is longer, rounded to seconds; nil where it is not told.
  public var targetDuration: Duration?
  /// The number of the first segment.
  public var mediaSequence: Int64 = 0
  /// The number of discontinuities before the first segment.
  public var discontinuitySequence: Int64 = 0
  public var kind: Kind?
  /// Nothing will be added.
  public var isEnded = false
  public var isIFramesOnly = false
  public var hasIndependentSegments = false
  /// Where players begin: seconds from the start, or from the end where negative.
  public var startOffset: Duration?
  /// Segments that a delta update leaves out.
  public var skipped: Int64 = 0
  public var segments: [HLSSegment] = []

  public init() {}

  /// How long the listed segments last together.
  public var window: Duration { segments.reduce(.zero) { $0 + $1.duration } }
}

/// A part of a resource.
public struct HLSByteRange: Hashable, Sendable {
  public var offset: Int64
  public var length: Int64

  public init(offset: Int64, length: Int64) {
    self.offset = offset
    self.length = length
  }
}

/// How segments are encrypted.
public struct HLSKey: Hashable, Sendable {
  public enum Method: Hashable, Sendable {
    /// Whole segments, AES-128-CBC with PKCS #7 padding.
    case aes128
    /// `SAMPLE-AES` and whatever else there may be.
    case other(String)
  }

  public var method: Method
  /// As written; nil where there is none.
  public var uri: String?
  /// 16 bytes; nil: the segment's media sequence number takes its place.
  public var iv: [UInt8]?
  /// `identity` unless it says otherwise.
  public var format: String

  public init(method: Method, uri: String?, iv: [UInt8]? = nil, format: String = "identity") {
    self.method = method
    self.uri = uri
    self.iv = iv
    self.format = format
  }
}

/// The initialisation section that segments need before them.
public struct HLSMap: Hashable, Sendable {
  public var uri: String
  public var byteRange: HLSByteRange?
  public var key: HLSKey?

  public init(uri: String, byteRange: HLSByteRange? = nil, key: HLSKey? = nil) {
    self.uri = uri
    self.byteRange = byteRange
    self.key = key
  }
}

/// One entry of a media playlist.
public struct HLSSegment: Hashable, Sendable {
  /// As written; relative to the playlist's address.
  public var uri: String
  /// What the playlist says that it lasts; the target duration where it says nothing.
  public var duration: Duration
  public var title: String?
  public var sequence: Int64
  public var discontinuitySequence: Int64
  /// It does not go on where the one before ended: other coding, other timestamps.
  public var isDiscontinuity = false
  /// Wall time of its first sample, as written for it (`EXT-X-PROGRAM-DATE-TIME`).
  public var programDateTime: Instant?
  /// The same, or reckoned from the nearest one that is written without a discontinuity between.
  public var date: Instant?
  public var byteRange: HLSByteRange?
  public var key: HLSKey?
  public var map: HLSMap?
  /// The server says that it has nothing here (`EXT-X-GAP`).
  public var isGap = false

  public init(uri: String, duration: Duration, sequence: Int64, discontinuitySequence: Int64 = 0) {
    self.uri = uri
    self.duration = duration
    self.sequence = sequence
    self.discontinuitySequence = discontinuitySequence
  }
}
