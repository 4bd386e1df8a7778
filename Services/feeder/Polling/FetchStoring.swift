internal import Base
internal import Messages
internal import Storage

/// Stores what came of a fetch in the feed's row, in the transaction that says it.
struct FetchStoring: Sendable {
  let book: FeederBook
  let now: Instant

  /// When the feed is due again; nil where it is no more. `verdict` is nil where nothing was learned.
  func store(
    _ report: FetchReport, _ verdict: FetchVerdict?, _ transaction: Transaction
  ) throws -> PollQueue.Entry? {
    guard let old = try FeedCatalog.find(report.order.feed, transaction),
      old.definition.isEnabled
    else { return nil }
    guard let verdict, old.definition.url == report.order.url else { return entry(of: old) }
    var row = old
    take(report.result, into: &row)
    let interval = try interval(of: report, row, transaction)
    let (standing, nextAt, actions) = book.feeds.next(
      old.standing.with(row.standing.hints), verdict, feed: row.definition, interval: interval,
      hints: row.standing.hints, now: now)
    row.standing = standing
    row.nextAt = nextAt
    row.isAsked = false
    if case .rests(let until, _) = verdict {
      try FeedCatalog.rest(old.host, until: until, transaction)
    }
    for action in actions { try perform(action, on: &row, transaction) }
    try book.save(row, replacing: old, transaction)
    if case .document = report.result, row.definition.newest != nil {
      try FeedReading(book: book).queueNewest(of: row, transaction)
    }
    return entry(of: row)
  }

  private func entry(of row: FeedRow) -> PollQueue.Entry {
    PollQueue.Entry(feed: row.id, host: row.host, at: row.nextAt)
  }

  private func take(_ result: FetchReport.Result, into row: inout FeedRow) {
    switch result {
    case .sameDocument(let validators):
      row.validators = validators
      row.readAt = now
    case .document(let document, let validators, let sha256, let hasAllPages):
      row.title = document.title.map { String($0.prefix(300)) } ?? row.title
      row.imageURL = document.imageURL ?? row.imageURL
      row.listed = document.items.count
      row.warnings = Array(document.warnings.prefix(10))
      row.standing.hints = document.hints
      row.readAt = now
      row.isComplete = row.isComplete || hasAllPages
      // Without them the next fetch brings everything again, further pages too.
      row.validators = hasAllPages ? validators : nil
      row.bodySHA256 = hasAllPages ? sha256 : nil
    case .notModified, .gone, .rests, .failed, .cancelled: break
    }
  }

  private func interval(
    of report: FetchReport, _ row: FeedRow, _ transaction: Transaction
  ) throws -> Duration {
    let published: [Instant] =
      if case .document(let document, _, _, _) = report.result {
        document.items.compactMap(\.published)
      } else {
        []
      }
    let known = Duration.microseconds(row.standing.intervalUs)
    if published.isEmpty, known > .zero {
      return min(book.feeds.schedule.maximum, max(known, report.cacheLifetime ?? .zero))
    }
    return book.feeds.schedule.interval(
      published: published, hints: row.standing.hints, cacheLifetime: report.cacheLifetime)
  }

  private func perform(
    _ action: FeedPolicy.Action, on row: inout FeedRow, _ transaction: Transaction
  ) throws {
    switch action {
    case .rewrite(let url):
      if let other = try FeedCatalog.id(ofURL: url, transaction), other != row.id {
        row.standing.reason = "it has moved to the address of the feed '\(other)'"
        return
      }
      book.log.info(
        "a feed has moved for good", ("feed", row.id), ("from", row.definition.url), ("to", url))
      row.definition.url = url
    case .raise: try book.raise(row, transaction)
    case .end: try book.end(row.id, "It can be fetched again.", transaction)
    }
  }
}

extension FeedStanding {
  fileprivate func with(_ hints: UpdateHints) -> FeedStanding {
    var new = self
    new.hints = hints
    return new
  }
}
