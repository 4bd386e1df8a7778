public import Base

/// A podcast's document on the web, as people entered it.
public struct FeedDefinition: Codable, Hashable, Sendable {
  public var id: FeedID
  /// `http://` or `https://`; may hold a user and a password, so it passes the `Redactor` before it
  /// is logged.
  public var url: String
  /// What people call it; nil takes the feed's own title.
  public var name: String?
  public var isEnabled: Bool
  /// Only that many of the newest episodes are downloaded; nil downloads all.
  public var newest: Int?
  /// Where each archived episode is sent.
  public var destinations: [DestinationID]

  public init(
    id: FeedID, url: String, name: String? = nil, isEnabled: Bool = true, newest: Int? = nil,
    destinations: [DestinationID] = []
  ) {
    self.id = id
    self.url = url
    self.name = name
    self.isEnabled = isEnabled
    self.newest = newest
    self.destinations = destinations
  }
}

public enum FeedState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Not fetched yet.
  case new
  /// The last fetch was good (or 304).
  case ok
  /// The last fetches failed; it is tried at longer intervals.
  case failing
  /// Failed so often that its circuit is open: only one trial fetch now and then.
  case broken
  /// The server said that it is gone for good (410), several times.
  case gone
  case disabled
}

/// How a feed is doing. Said when something that a person sees has changed, not for each fetch: ten
/// thousand feeds that answer 304 say nothing.
public struct FeedStatus: Codable, Hashable, Sendable {
  public var state: FeedState
  /// One sentence where the state needs one.
  public var reason: String?
  /// The feed's own title.
  public var title: String?
  public var imageURL: String?
  /// Failures since the last success.
  public var failures: Int
  /// When it was last fetched with success, as of this saying.
  public var fetchedAt: Instant?
  /// When it will be fetched next, as of this saying.
  public var nextAt: Instant?
  /// Items that the document listed.
  public var episodes: Int
  /// Of those ever seen, the ones whose files are in the archive.
  public var archived: Int
  public var archivedBytes: Int64
  /// What the parser had to mend or leave out.
  public var warnings: [String]

  public init(
    state: FeedState, reason: String? = nil, title: String? = nil, imageURL: String? = nil,
    failures: Int = 0, fetchedAt: Instant? = nil, nextAt: Instant? = nil, episodes: Int = 0,
    archived: Int = 0, archivedBytes: Int64 = 0, warnings: [String] = []
  ) {
    self.state = state
    self.reason = reason
    self.title = title
    self.imageURL = imageURL
    self.failures = failures
    self.fetchedAt = fetchedAt
    self.nextAt = nextAt
    self.episodes = episodes
    self.archived = archived
    self.archivedBytes = archivedBytes
    self.warnings = warnings
  }
}

public enum EpisodeState: String, Codable, Hashable, Sendable, CaseIterable {
  /// Listed, and not to be downloaded (older than the feed's newest ones, or without a media file).
  case listed
  case queued
  case downloading
  /// The bytes are there under a temporary name and are being checked.
  case validating
  case archived
  /// Failed; the next try is set.
  case waiting
  /// Used up its tries.
  case failed
}

/// One item of a feed, with its media file.
public struct Episode: Codable, Hashable, Sendable {
  public var id: EpisodeID
  public var feed: FeedID
  public var title: String
  public var publishedAt: Instant?
  /// Of the media file.
  public var url: String
  public var state: EpisodeState
  /// One sentence, where the state needs one.
  public var reason: String?
  public var attempts: Int
  public var retryAt: Instant?
  /// What the feed declared, then what the server did; bytes.
  public var bytes: Int64?
  /// What the feed declared, in microseconds.
  public var durationUs: Int64?
  public var file: FinishedFile?
  public var updatedAt: Instant

  public init(
    id: EpisodeID, feed: FeedID, title: String, publishedAt: Instant? = nil, url: String,
    state: EpisodeState, reason: String? = nil, attempts: Int = 0, retryAt: Instant? = nil,
    bytes: Int64? = nil, durationUs: Int64? = nil, file: FinishedFile? = nil, updatedAt: Instant
  ) {
    self.id = id
    self.feed = feed
    self.title = title
    self.publishedAt = publishedAt
    self.url = url
    self.state = state
    self.reason = reason
    self.attempts = attempts
    self.retryAt = retryAt
    self.bytes = bytes
    self.durationUs = durationUs
    self.file = file
    self.updatedAt = updatedAt
  }
}

// What the feeder is told to do.

public struct PutFeed: CommandMessage, Hashable {
  public static let type = "feed.put"
  public var feed: FeedDefinition
  public var mustBeNew: Bool

  public init(feed: FeedDefinition, mustBeNew: Bool) {
    self.feed = feed
    self.mustBeNew = mustBeNew
  }
}

/// Forgets a feed and its episodes' rows; archived files stay.
public struct RemoveFeed: CommandMessage, Hashable {
  public static let type = "feed.remove"
  public var feed: FeedID

  public init(feed: FeedID) { self.feed = feed }
}

/// One line of a list of feeds.
public struct ListedFeed: Codable, Hashable, Sendable {
  public var url: String
  public var name: String?

  public init(url: String, name: String? = nil) {
    self.url = url
    self.name = name
  }
}

/// Adds those feeds of a list that are not known yet; the outcome's text says how many were added,
/// known already, and unusable. Whoever reads an OPML document says it in several of these, since a
/// message has room for 960 KiB.
public struct ImportFeeds: CommandMessage, Hashable {
  public static let type = "feed.import"
  public static let mostFeeds = 1000
  /// At most `mostFeeds`.
  public var feeds: [ListedFeed]
  /// For each feed that is added.
  public var newest: Int?
  public var destinations: [DestinationID]

  public init(feeds: [ListedFeed], newest: Int? = nil, destinations: [DestinationID] = []) {
    self.feeds = feeds
    self.newest = newest
    self.destinations = destinations
  }
}

/// Fetches a feed now, whatever its circuit says.
public struct RefreshFeed: CommandMessage, Hashable {
  public static let type = "feed.refresh"
  public var feed: FeedID

  public init(feed: FeedID) { self.feed = feed }
}

/// Downloads an episode now: a failed one again, one that is only listed for the first time.
public struct FetchEpisode: CommandMessage, Hashable {
  public static let type = "episode.fetch"
  public var episode: EpisodeID

  public init(episode: EpisodeID) { self.episode = episode }
}

// What it says to those who follow it.

public struct FeedChanged: DurableMessage, Hashable {
  public static let type = "feed.changed"
  public var id: FeedID
  /// nil once it is removed.
  public var feed: FeedDefinition?
  public var status: FeedStatus

  public init(id: FeedID, feed: FeedDefinition?, status: FeedStatus) {
    self.id = id
    self.feed = feed
    self.status = status
  }
}

/// Said of episodes that are or were to be downloaded; those only listed are counted in their feed's
/// status.
public struct EpisodeChanged: DurableMessage, Hashable {
  public static let type = "episode.changed"
  public var episode: Episode

  public init(episode: Episode) { self.episode = episode }
}

public struct EpisodeProgress: TelemetryMessage, Hashable {
  public static let type = "episode.progress"
  public var episode: EpisodeID
  public var receivedBytes: Int64
  public var totalBytes: Int64?

  public init(episode: EpisodeID, receivedBytes: Int64, totalBytes: Int64? = nil) {
    self.episode = episode
    self.receivedBytes = receivedBytes
    self.totalBytes = totalBytes
  }
}

/// The feeder's work at a glance, each second while something is going on.
public struct FeederSummary: TelemetryMessage, Hashable {
  public static let type = "feeder.summary"
  public var feeds: Int
  public var failing: Int
  public var broken: Int
  /// Fetches that should have begun already.
  public var due: Int
  public var fetching: Int
  public var downloading: Int
  public var queuedEpisodes: Int
  public var archivedEpisodes: Int
  public var archivedBytes: Int64
  /// Over the last minute.
  public var fetchesPerMinute: Int
  public var notModifiedPerMinute: Int

  public init(
    feeds: Int = 0, failing: Int = 0, broken: Int = 0, due: Int = 0, fetching: Int = 0,
    downloading: Int = 0, queuedEpisodes: Int = 0, archivedEpisodes: Int = 0,
    archivedBytes: Int64 = 0, fetchesPerMinute: Int = 0, notModifiedPerMinute: Int = 0
  ) {
    self.feeds = feeds
    self.failing = failing
    self.broken = broken
    self.due = due
    self.fetching = fetching
    self.downloading = downloading
    self.queuedEpisodes = queuedEpisodes
    self.archivedEpisodes = archivedEpisodes
    self.archivedBytes = archivedBytes
    self.fetchesPerMinute = fetchesPerMinute
    self.notModifiedPerMinute = notModifiedPerMinute
  }
}
