internal import Base
internal import Messages

/// What is asked when a feed is fetched.
struct FetchOrder: Sendable {
  let feed: FeedID
  /// As people wrote it; may hold a user and a password.
  let url: String
  let validators: Validators?
  /// Of the last document.
  let bodySHA256: String?
  /// Whether the further pages of a feed that comes in pages are wanted.
  let wantsPages: Bool
  /// The address that it said it moves to, once already.
  let announcedURL: String?
  /// When it was begun: a feed that was edited since then is not what this says.
  let definition: FeedDefinition
}

/// What came of it.
struct FetchReport: Sendable {
  enum Result: Sendable {
    case notModified
    /// Word by word what it was: nothing to read.
    case sameDocument(Validators?)
    case document(FeedDocument, Validators?, sha256: String, hasAllPages: Bool)
    case gone
    case rests(until: Instant, reason: String)
    case failed(reason: String, isConnection: Bool)
    /// Stopped from our side.
    case cancelled
  }

  let order: FetchOrder
  let result: Result
  /// Where it lives by permanent redirects or by its own word, where that is another address.
  let target: String?
  /// What `Cache-Control` allows.
  let cacheLifetime: Duration?
}
