internal import Base
internal import Bus
internal import Messages
internal import Storage

/// The one way in which a feed or an episode changes: by the policies, stored and said to all who
/// follow, in one transaction.
struct FeederBook: Sendable {
  static let delivery = NodeID(unchecked: "delivery")

  let feeds: FeedPolicy
  let retries: RetryPolicy
  let outbox: Outbox
  let signals: Signals
  let time: any TimeSource
  let log: Logger

  // MARK: - Feeds

  /// Stores a feed and says it, where anything changed that a person sees.
  func save(_ row: FeedRow, replacing old: FeedRow?, _ transaction: Transaction) throws {
    try FeedCatalog.save(row, at: time.now(), transaction)
    let sum = try EpisodeCatalog.sum(of: row.id, transaction)
    if Self.isSeen(old, row) { try outbox.publish(row.event(sum), in: transaction) }
    plan(row, transaction)
  }

  /// Says a feed again whose counts have changed.
  func tell(_ id: FeedID, _ transaction: Transaction) throws {
    guard let row = try FeedCatalog.find(id, transaction) else { return }
    try outbox.publish(
      row.event(try EpisodeCatalog.sum(of: id, transaction)), in: transaction)
  }

  func remove(_ row: FeedRow, _ transaction: Transaction) throws {
    try FeedCatalog.remove(row.id, transaction)
    let status = FeedStatus(state: .disabled)
    try outbox.publish(FeedChanged(id: row.id, feed: nil, status: status), in: transaction)
    try end(row.id, "The feed was removed.", transaction)
    let signals = signals
    transaction.afterCommit { signals.feed(row.id, nil) }
  }

  /// Ten thousand feeds that answer "not modified" say nothing.
  private static func isSeen(_ old: FeedRow?, _ new: FeedRow) -> Bool {
    guard let old else { return true }
    return old.definition != new.definition || old.standing.state != new.standing.state
      || old.standing.reason != new.standing.reason
      || old.standing.failures != new.standing.failures
      || old.title != new.title || old.imageURL != new.imageURL || old.listed != new.listed
      || old.warnings != new.warnings
  }

  private func plan(_ row: FeedRow, _ transaction: Transaction) {
    let entry =
      row.definition.isEnabled
      ? PollQueue.Entry(feed: row.id, host: row.host, at: row.nextAt) : nil
    let signals = signals
    transaction.afterCommit { signals.feed(row.id, entry) }
  }

  // MARK: - Alerts

  func raise(_ row: FeedRow, _ transaction: Transaction) throws {
    let name = row.definition.name ?? row.title ?? row.id.text
    let isGone = row.standing.state == .gone
    let subject =
      isGone
      ? "Podcast gone: \(name.prefix(100))" : "Podcast cannot be fetched: \(name.prefix(100))"
    let alert = RaiseAlert(
      id: Self.alert(row.id), severity: .warning, subject: subject,
      text: "\(name) has failed \(row.standing.failures) times: "
        + "\(row.standing.reason ?? "no reason is known"). It is tried again now and then; check its "
        + "address, or disable it.",
      at: time.now())
    try outbox.send(alert, to: Self.delivery, in: transaction)
  }

  func end(_ feed: FeedID, _ text: String, _ transaction: Transaction) throws {
    let end = EndAlert(id: Self.alert(feed), text: text, at: time.now())
    try outbox.send(end, to: Self.delivery, in: transaction)
  }

  private static func alert(_ feed: FeedID) -> AlertID {
    AlertID(unchecked: String("feed-broken.\(feed)".prefix(100)))
  }

  // MARK: - Episodes

  /// Applies an event and stores what else changed in the row; the row as it is then.
  @discardableResult
  func apply(
    _ event: RetryPolicy.Event, to row: EpisodeRow, _ transaction: Transaction
  ) throws -> EpisodeRow {
    var generator = SystemRandomNumberGenerator()
    var new = row
    new.standing = retries.next(row.standing, event, now: time.now(), using: &generator)
    try save(new, transaction)
    return new
  }

  func save(_ row: EpisodeRow, _ transaction: Transaction) throws {
    var row = row
    row.updatedAt = time.now()
    try EpisodeCatalog.save(row, transaction)
    if let event = row.event { try outbox.publish(event, in: transaction) }
    let signals = signals
    transaction.afterCommit { signals.wakeDownloads() }
  }

  /// The file is there under its name: says so, and sends it where the feed's files go. A file that
  /// another episode has already is not sent again.
  func archive(_ row: EpisodeRow, note: String?, isDuplicate: Bool, _ transaction: Transaction)
    throws
  {
    guard let file = row.placed else { return }
    var new = row
    new.archivedBytes = isDuplicate ? 0 : file.bytes
    new.partValidator = nil
    new.partURL = nil
    try apply(.archived(note: note), to: new, transaction)
    try tell(row.feed, transaction)
    guard !isDuplicate, let feed = try FeedCatalog.find(row.feed, transaction) else { return }
    for destination in feed.definition.destinations {
      let request = Deliver(
        delivery: Self.delivery(of: row.id, to: destination),
        recording: JobID(unchecked: row.id.text), origin: .episode, destination: destination,
        file: file)
      try outbox.send(request, to: Self.delivery, in: transaction)
    }
  }

  static func delivery(of episode: EpisodeID, to destination: DestinationID) -> DeliveryID {
    let hash = SHA256.hash(Array("episode\n\(episode)\n\(destination)".utf8))
    return DeliveryID(unchecked: hexadecimal(hash.prefix(16)))
  }
}
