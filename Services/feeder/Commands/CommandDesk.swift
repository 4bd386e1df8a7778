internal import Base
internal import Bus
internal import HTTPClient
internal import Messages
internal import Storage

/// Does what people ask for: each command is checked and applied; what it says, if anything, is its
/// method's result.
struct CommandDesk: Sendable {
  let book: FeederBook
  let time: any TimeSource

  func register(in handlers: inout BusHandlers) {
    let outbox = book.outbox
    handlers.command(PutFeed.self, answeringBy: outbox) { .done(try put($0, $2)) }
    handlers.command(RemoveFeed.self, answeringBy: outbox) { .done(try remove($0, $2)) }
    handlers.command(ImportFeeds.self, answeringBy: outbox) { .done(try add($0, $2)) }
    handlers.command(RefreshFeed.self, answeringBy: outbox) { .done(try refresh($0, $2)) }
    handlers.command(FetchEpisode.self, answeringBy: outbox) { .done(try fetch($0, $2)) }
  }

  // MARK: - Feeds

  private func put(_ command: PutFeed, _ transaction: Transaction) throws -> String? {
    let feed = command.feed
    let old = try FeedCatalog.find(feed.id, transaction)
    if old != nil, command.mustBeNew {
      throw Refusal(
        .conflict, "There is a feed '\(feed.id)' already: choose another id.", field: "id")
    }
    try FeedValidator.check(feed)
    if let other = try FeedCatalog.id(ofURL: feed.url, transaction), other != feed.id {
      throw Refusal(.conflict, "The feed '\(other)' has this address already.", field: "url")
    }
    var row = old ?? FeedRow(definition: feed, nextAt: time.now())
    row.definition = feed
    if let old, old.definition.url != feed.url || !old.definition.isEnabled && feed.isEnabled {
      // A fault was of the old address; it is begun anew. A rest that the server asked for is kept.
      let rest = old.host == row.host ? old.standing.restUntil : nil
      row.standing = FeedStanding()
      row.standing.restUntil = rest
      row.nextAt = max(time.now(), rest ?? .epoch)
      if old.definition.url != feed.url { row.validators = nil }
      try book.end(feed.id, "The feed was edited.", transaction)
    }
    try book.save(row, replacing: old, transaction)
    if let old, old.definition.newest != feed.newest {
      try FeedReading(book: book).queueNewest(of: row, transaction)
    }
    return nil
  }

  private func remove(_ command: RemoveFeed, _ transaction: Transaction) throws -> String? {
    try book.remove(try found(command.feed, transaction), transaction)
    return nil
  }

  private func add(_ command: ImportFeeds, _ transaction: Transaction) throws -> String? {
    guard command.feeds.count <= ImportFeeds.mostFeeds else {
      throw Refusal(
        .invalid, "At most \(ImportFeeds.mostFeeds) feeds are imported at a time.", field: "feeds")
    }
    var added = 0
    var known = 0
    var unusable = 0
    for listed in command.feeds {
      guard FeedValidator.isUsable(listed.url) else {
        unusable += 1
        continue
      }
      guard try FeedCatalog.id(ofURL: listed.url, transaction) == nil else {
        known += 1
        continue
      }
      let feed = FeedDefinition(
        id: try Self.freeID(for: listed, transaction), url: listed.url,
        name: listed.name.map { String(PlainText.words(of: $0).prefix(60)) },
        newest: command.newest.map { max(0, min(100_000, $0)) },
        destinations: Array(command.destinations.prefix(20)))
      try book.save(
        FeedRow(definition: feed, nextAt: time.now()), replacing: nil, transaction)
      added += 1
    }
    return "\(added) added, \(known) known already, \(unusable) unusable."
  }

  /// From the name or the host, so that people recognise it, and never one that is taken.
  private static func freeID(
    for listed: ListedFeed, _ transaction: Transaction
  ) throws -> FeedID {
    let words = slug(listed.name ?? "")
    let base = words.isEmpty ? slug(WebAddress(listed.url)?.host ?? "feed") : words
    let mark = hexadecimal(SHA256.hash(Array(listed.url.utf8)).prefix(16))
    for candidate in [base, "\(base)-\(mark.prefix(6))", "\(base)-\(mark)"] {
      guard let id = FeedID(candidate), try FeedCatalog.find(id, transaction) == nil else {
        continue
      }
      return id
    }
    return FeedID(unchecked: "feed-\(mark)")
  }

  private static func slug(_ text: String) -> String {
    var made = ""
    for character in text.lowercased() {
      if character.isASCII, character.isLetter || character.isNumber {
        made.append(character)
      } else if !made.isEmpty, made.last != "-" {
        made.append("-")
      }
      if made.utf8.count >= 40 { break }
    }
    while made.last == "-" { made.removeLast() }
    return made
  }

  private func refresh(_ command: RefreshFeed, _ transaction: Transaction) throws -> String? {
    let old = try found(command.feed, transaction)
    guard old.definition.isEnabled else {
      throw Refusal(.conflict, "The feed is disabled: enable it first.")
    }
    let now = time.now()
    if let rest = old.standing.restUntil, rest > now {
      throw Refusal(.conflict, "Its server asked not to be asked before \(rest).")
    }
    var row = old
    row.isAsked = true
    row.nextAt = now
    try book.save(row, replacing: old, transaction)
    return nil
  }

  private func found(_ id: FeedID, _ transaction: Transaction) throws -> FeedRow {
    guard let row = try FeedCatalog.find(id, transaction) else {
      throw Refusal(.notFound, "There is no feed '\(id)'.", field: "feed")
    }
    return row
  }

  // MARK: - Episodes

  private func fetch(_ command: FetchEpisode, _ transaction: Transaction) throws -> String? {
    guard let row = try EpisodeCatalog.find(command.episode, transaction) else {
      throw Refusal(.notFound, "There is no episode '\(command.episode)'.", field: "episode")
    }
    guard [.listed, .waiting, .failed].contains(row.standing.state) else {
      throw Refusal(
        .conflict,
        row.standing.state == .archived
          ? "It is in the archive already." : "It is being fetched or about to be.")
    }
    try book.apply(.asked, to: row, transaction)
    return nil
  }
}
