internal import Base
internal import Messages
internal import Storage

/// Puts a document's items into the catalogue: each episode once, whatever becomes of its guid and its
/// address, and in parts, so that a feed of fifty thousand items holds nobody up.
///
/// A part is one transaction. A kill -9 between two of them costs nothing: the feed's validators are
/// stored with the last, so that the document is read again, and what is known is recognised.
struct FeedReading: Sendable {
  static let part = 400

  let book: FeederBook

  /// Stores one part of what was recognised.
  func store(
    _ candidates: ArraySlice<EpisodeIdentity.Candidate>, of feed: FeedDefinition,
    shared: Set<EpisodeIdentity.Name>,
    _ transaction: Transaction
  ) throws {
    let recognised = try EpisodeIdentity.recognise(candidates, of: feed.id, shared: shared) {
      try EpisodeCatalog.known($0, in: feed.id, transaction)
    }
    for episode in recognised {
      if let row = try EpisodeCatalog.find(episode.id, transaction) {
        try update(row, with: episode, transaction)
      } else {
        try insert(episode, of: feed, transaction)
      }
      for name in episode.newNames {
        try EpisodeCatalog.name(episode.id, name, in: feed.id, transaction)
      }
    }
  }

  /// Lets those be downloaded that are among the feed's newest, and have never been asked for.
  func queueNewest(of row: FeedRow, _ transaction: Transaction) throws {
    let newest = try row.definition.newest.map {
      try EpisodeCatalog.newest($0, of: row.id, transaction)
    }
    for episode in try EpisodeCatalog.listed(of: row.id, limit: 2000, transaction)
    where newest?.contains(episode.id) ?? true {
      try book.apply(.asked, to: episode, transaction)
    }
  }

  private func insert(
    _ episode: EpisodeIdentity.Recognised, of feed: FeedDefinition, _ transaction: Transaction
  ) throws {
    let item = episode.item
    let now = book.time.now()
    var row = EpisodeRow(
      id: episode.id, feed: feed.id, title: Self.title(of: item), publishedAt: item.published,
      seenAt: now, url: episode.enclosure.url, type: episode.enclosure.type,
      declaredBytes: episode.enclosure.length,
      declaredDurationUs: item.duration?.microseconds, updatedAt: now)
    // With a limit they are chosen when the whole document is there.
    row.standing.state = feed.newest == nil ? .queued : .listed
    try book.save(row, transaction)
  }

  /// The publisher corrected something. What is in the archive stays what it is.
  private func update(
    _ row: EpisodeRow, with episode: EpisodeIdentity.Recognised, _ transaction: Transaction
  ) throws {
    var new = row
    new.title = Self.title(of: episode.item)
    new.publishedAt = episode.item.published ?? row.publishedAt
    new.declaredDurationUs = episode.item.duration?.microseconds ?? row.declaredDurationUs
    new.declaredBytes = episode.enclosure.length ?? row.declaredBytes
    new.url = episode.enclosure.url
    new.type = episode.enclosure.type ?? row.type
    guard new != row else { return }
    try book.save(new, transaction)
  }

  private static func title(of item: FeedItem) -> String {
    let title = item.title ?? item.guid ?? item.link ?? "untitled"
    return String(title.prefix(300))
  }
}
