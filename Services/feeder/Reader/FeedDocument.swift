internal import Base

/// What one page of a feed says, as far as a podcast archive keeps it.
struct FeedDocument: Hashable, Sendable {
  var title: String?
  var link: String?
  var description: String?
  var language: String?
  var author: String?
  var copyright: String?
  var imageURL: String?
  var updated: Instant?
  var hints = UpdateHints()
  /// `itunes:new-feed-url`: where the publisher says that the feed lives now.
  var newURL: String?
  /// The next page of a feed that comes in pages (RFC 5005).
  var nextPage: String?
  var items: [FeedItem] = []
  /// What the parser had to mend or leave out.
  var warnings: [String] = []
  /// Whether the root was that of a feed at all.
  var isFeed = false
}

/// How often the publisher says that the feed changes.
struct UpdateHints: Codable, Hashable, Sendable {
  /// `ttl`, in minutes.
  var ttl: Int?
  /// `sy:updatePeriod`, in seconds.
  var period: Int?
  /// `sy:updateFrequency`: times in a period.
  var frequency: Int?
  /// Hours of the day, UTC, in which nobody should ask.
  var skippedHours: Set<Int> = []
  /// 0 = Sunday … 6 = Saturday, likewise.
  var skippedDays: Set<Int> = []

  /// How long the feed may be taken for fresh; nil where nothing is said.
  var freshness: Duration? {
    let byTTL = ttl.flatMap { $0 > 0 ? Duration.seconds(60 * min($0, 100_000)) : nil }
    let byPeriod = period.map { Duration.seconds($0 / max(1, frequency ?? 1)) }
    return [byTTL, byPeriod].compactMap { $0 }.max()
  }
}

struct FeedItem: Hashable, Sendable {
  var guid: String?
  var title: String?
  var link: String?
  var author: String?
  var published: Instant?
  var updated: Instant?
  var imageURL: String?
  /// `itunes:duration`.
  var duration: Duration?
  var season: Int?
  var number: Int?
  var enclosures: [Enclosure] = []

  /// The media file that is archived: the first that is audio or video, else the first.
  var enclosure: Enclosure? { enclosures.first(where: \.isMedia) ?? enclosures.first }
}

/// A file that belongs to an item.
struct Enclosure: Hashable, Sendable {
  var url: String
  var type: String?
  /// Bytes, as the feed declares them; nil where it says nothing or zero.
  var length: Int64?

  var isMedia: Bool {
    type.map { $0.lowercased().hasPrefix("audio/") || $0.lowercased().hasPrefix("video/") } ?? false
  }
}
