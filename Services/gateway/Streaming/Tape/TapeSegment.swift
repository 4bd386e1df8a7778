import Base

/// One closed segment of a tape, and which recorder has it.
struct TapeSegment: Hashable, Codable, Sendable {
  var node: NodeID
  /// Its number on that recorder's tape.
  var sequence: Int64
  var startUs: Int64
  var durationUs: Int64
  /// What the file is: `mpeg-audio`, `adts`, `mpegts`, `fmp4`, `packed-aac`, …
  var container: String
  /// Such as `mp3` or `avc1.64001f,mp4a.40.2`.
  var codec: String
  /// How it follows the one before it on its tape, such as `continuous`.
  var splice: String
  /// The hash that names its initialisation section, where the container needs one.
  var initialisation: String?

  var start: Instant { Instant(microseconds: startUs) }
  var endUs: Int64 { startUs + durationUs }
  var end: Instant { Instant(microseconds: endUs) }

  /// Pages of Ogg, which no player of HLS takes: they become fragmented MP4.
  var isOgg: Bool { container == "ogg" }
  /// Bare frames, which can be cut anywhere and put into every container.
  var isFramedAudio: Bool { container == "mpeg-audio" || container == "adts" }

  /// Nothing is missing, repeated or coded otherwise between this one and the one before it on its
  /// tape.
  var isSeamless: Bool { splice == "continuous" || splice == "exact" }
}

/// A span that a recorder wanted and did not get.
struct TapeGap: Hashable, Sendable {
  var startUs: Int64
  /// nil while it lasts.
  var endUs: Int64?
  var cause: String
  var detail: String
}

/// What one recorder says of a span of a stream's tape, by time.
struct TapeAnswer: Sendable {
  var node: NodeID
  var segments: [TapeSegment]
  var gaps: [TapeGap]
  /// What picture and sound need, in bits per second, where the sound has a tape of its own.
  var bandwidthBesideSound: Int64?
}
