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
  /// How the file is made; nil: as `FinishOptions` has it by default.
  public var finishing: FinishOptions?
  /// Who is recorded where not all can be, the higher first; nil is 0.
  public var priority: Int?
  /// No recording starts before, or at and after.
  public var validFrom: Instant?
  public var validUntil: Instant?
  /// Local dates in the rule's zone, `YYYY-MM-DD`, on which nothing starts.
  public var exceptDates: [String]?
  /// The holiday calendar on whose dates nothing starts.
  public var exceptHolidays: HolidaysID?
  /// Whether a start that was missed while nobody planned is made up for out of the tape, where that
  /// was running; nil is true.
  public var catchesUp: Bool?

  public init(
    id: ScheduleID, name: String, stream: StreamID, rule: ScheduleRule, durationSeconds: Int,
    paddingBeforeSeconds: Int = 0, paddingAfterSeconds: Int = 0, isEnabled: Bool = true,
    format: RecordingFormat = .source, tags: RecordingTags = RecordingTags(),
    destinations: [DestinationID] = [], finishing: FinishOptions? = nil, priority: Int? = nil,
    validFrom: Instant? = nil, validUntil: Instant? = nil, exceptDates: [String]? = nil,
    exceptHolidays: HolidaysID? = nil, catchesUp: Bool? = nil
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
    self.finishing = finishing
    self.priority = priority
    self.validFrom = validFrom
    self.validUntil = validUntil
    self.exceptDates = exceptDates
    self.exceptHolidays = exceptHolidays
    self.catchesUp = catchesUp
  }
}

/// When a schedule starts a recording.
public enum ScheduleRule: Hashable, Sendable {
  /// A cron expression of five or six fields, read on the clocks of an IANA time zone. `both` starts
  /// a show of the hour that is repeated in autumn twice instead of once.
  case cron(expression: String, zone: String, both: Bool)
  /// Once.
  case once(start: Instant)
  /// Every so many seconds of elapsed time, counted from an instant.
  case interval(everySeconds: Int, from: Instant)
  /// At times of the week on the clocks of a zone; `both` as for cron.
  case weekly(slots: [WeeklySlot], zone: String, both: Bool)
  /// Without end, cut into files of so many seconds that begin at multiples of that on the clocks of
  /// the zone: 3600 gives a file for each hour. The schedule's duration does not matter.
  case always(fileSeconds: Int, zone: String)
}

/// A time of the week.
public struct WeeklySlot: Codable, Hashable, Sendable, Comparable {
  /// 1 is Monday, 7 Sunday (ISO 8601).
  public var day: Int
  /// `HH:MM` or `HH:MM:SS`.
  public var time: String

  public init(day: Int, time: String) {
    self.day = day
    self.time = time
  }

  public static func < (left: WeeklySlot, right: WeeklySlot) -> Bool {
    (left.day, left.time) < (right.day, right.time)
  }
}

extension ScheduleRule: Codable {
  private enum Key: String, CodingKey {
    case kind, expression, zone, both, start, everySeconds, from, slots, fileSeconds
  }
  private enum Kind: String, Codable { case cron, once, interval, weekly, always }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .cron:
      self = .cron(
        expression: try container.decode(String.self, forKey: .expression),
        zone: try container.decode(String.self, forKey: .zone),
        both: try container.decodeIfPresent(Bool.self, forKey: .both) ?? false)
    case .once: self = .once(start: try container.decode(Instant.self, forKey: .start))
    case .interval:
      self = .interval(
        everySeconds: try container.decode(Int.self, forKey: .everySeconds),
        from: try container.decode(Instant.self, forKey: .from))
    case .weekly:
      self = .weekly(
        slots: try container.decode([WeeklySlot].self, forKey: .slots),
        zone: try container.decode(String.self, forKey: .zone),
        both: try container.decodeIfPresent(Bool.self, forKey: .both) ?? false)
    case .always:
      self = .always(
        fileSeconds: try container.decode(Int.self, forKey: .fileSeconds),
        zone: try container.decode(String.self, forKey: .zone))
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
    case .interval(let everySeconds, let from):
      try container.encode(Kind.interval, forKey: .kind)
      try container.encode(everySeconds, forKey: .everySeconds)
      try container.encode(from, forKey: .from)
    case .weekly(let slots, let zone, let both):
      try container.encode(Kind.weekly, forKey: .kind)
      try container.encode(slots, forKey: .slots)
      try container.encode(zone, forKey: .zone)
      try container.encode(both, forKey: .both)
    case .always(let fileSeconds, let zone):
      try container.encode(Kind.always, forKey: .kind)
      try container.encode(fileSeconds, forKey: .fileSeconds)
      try container.encode(zone, forKey: .zone)
    }
  }
}

/// What a recording's file is.
public enum RecordingFormat: String, Codable, Hashable, Sendable, CaseIterable {
  /// The stream's own frames in the container that fits them (MP3 as `.mp3`, AAC as `.m4a`).
  case source
  /// MP3: the stream's own frames where it is MP3, else encoded.
  case mp3
  /// AAC in M4A: the stream's own frames where it is AAC, else encoded.
  case aac
  case flac
  case opus
  /// Sound and picture as they came, in another container.
  case mp4
  case mkv
  case ts
}

/// How a recording's file is made, beside its format. What is nil is not asked for.
public struct FinishOptions: Codable, Hashable, Sendable {
  /// Of encoded sound; nil: what suits the format.
  public var bitsPerSecond: Int?
  /// Loudness that encoded sound is brought to, LUFS (EBU R128: -23); nil: measured only.
  public var loudness: Double?
  /// The as-run log as chapters in the file, where the container has them.
  public var hasChapters: Bool?
  /// The as-run log as a cue sheet beside the file.
  public var hasCueSheet: Bool?
  /// A picture of the waveform, or of the middle of the picture, beside the file; nil is true.
  public var hasPicture: Bool?
  /// The picture that is embedded: the SHA-256 of a file in the artwork folder.
  public var artwork: String?
  /// The destination pool in the recorder's settings; nil: its recordings folder.
  public var pool: String?

  public init(
    bitsPerSecond: Int? = nil, loudness: Double? = nil, hasChapters: Bool? = nil,
    hasCueSheet: Bool? = nil, hasPicture: Bool? = nil, artwork: String? = nil,
    pool: String? = nil
  ) {
    self.bitsPerSecond = bitsPerSecond
    self.loudness = loudness
    self.hasChapters = hasChapters
    self.hasCueSheet = hasCueSheet
    self.hasPicture = hasPicture
    self.artwork = artwork
    self.pool = pool
  }
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
