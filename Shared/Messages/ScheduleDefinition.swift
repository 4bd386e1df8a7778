public import Base

/// A rule that yields recordings of one stream.
public struct ScheduleDefinition: Codable, Hashable, Sendable {
  public var id: ScheduleID
  /// The show's title: in the file's name and its tags.
  public var name: String
  public var stream: StreamID
  public var rule: ScheduleRule
  /// Elapsed time from start to end, in seconds; a change of the clocks does not alter it.
  public var durationSeconds: Int
  public var paddingBeforeSeconds: Int
  public var paddingAfterSeconds: Int
  public var isEnabled: Bool
  public var format: RecordingFormat
  public var tags: RecordingTags
  /// Where each finished file goes.
  public var destinations: [DestinationID]

  public init(
    id: ScheduleID, name: String, stream: StreamID, rule: ScheduleRule, durationSeconds: Int,
    paddingBeforeSeconds: Int = 0, paddingAfterSeconds: Int = 0, isEnabled: Bool = true,
    format: RecordingFormat = .source, tags: RecordingTags = RecordingTags(),
    destinations: [DestinationID] = []
  ) {
    self.id = id
    self.name = name
    self.stream = stream
    self.rule = rule
    self.durationSeconds = durationSeconds
    self.paddingBeforeSeconds = paddingBeforeSeconds
    self.paddingAfterSeconds = paddingAfterSeconds
    self.isEnabled = isEnabled
    self.format = format
    self.tags = tags
    self.destinations = destinations
  }
}

/// When a schedule starts a recording.
public enum ScheduleRule: Hashable, Sendable {
  /// A cron expression of five or six fields, read on the clocks of an IANA time zone. `both` starts
  /// a show of the hour that is repeated in autumn twice instead of once.
  case cron(expression: String, zone: String, both: Bool)
  /// Once.
  case once(start: Instant)
}

extension ScheduleRule: Codable {
  private enum Key: String, CodingKey { case kind, expression, zone, both, start }
  private enum Kind: String, Codable { case cron, once }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .cron:
      self = .cron(
        expression: try container.decode(String.self, forKey: .expression),
        zone: try container.decode(String.self, forKey: .zone),
        both: try container.decodeIfPresent(Bool.self, forKey: .both) ?? false)
    case .once: self = .once(start: try container.decode(Instant.self, forKey: .start))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .cron(let expression, let zone, let both):
      try container.encode(Kind.cron, forKey: .kind)
      try container.encode(expression, forKey: .expression)
      try container.encode(zone, forKey: .zone)
      try container.encode(both, forKey: .both)
    case .once(let start):
      try container.encode(Kind.once, forKey: .kind)
      try container.encode(start, forKey: .start)
    }
  }
}

/// What a recording's file is.
public enum RecordingFormat: String, Codable, Hashable, Sendable, CaseIterable {
  /// The stream's own frames in the container that fits them (MP3 as `.mp3`, AAC as `.m4a`).
  case source
  /// MP3: the stream's own frames where it is MP3, else encoded.
  case mp3
}

/// What is written into the file beside the sound. Empty fields are left out.
public struct RecordingTags: Codable, Hashable, Sendable {
  /// Default: the date in the schedule's zone and the show's name, `2026-11-21 Show`.
  public var title: String?
  public var artist: String?
  public var album: String?
  public var albumArtist: String?
  public var genre: String?
  public var comment: String?

  public init(
    title: String? = nil, artist: String? = nil, album: String? = nil, albumArtist: String? = nil,
    genre: String? = nil, comment: String? = nil
  ) {
    self.title = title
    self.artist = artist
    self.album = album
    self.albumArtist = albumArtist
    self.genre = genre
    self.comment = comment
  }
}
