import Base
import Messages

// How things look over REST and in live events: the messages' own fields, with what belongs to them
// beside, and without secrets.

extension StreamView: Encodable {
  private enum Key: String, CodingKey { case status }

  func encode(to encoder: any Encoder) throws {
    try stream.withoutSecrets.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(status, forKey: .status)
  }
}

extension StreamDefinition {
  private static let hidden = "…"

  /// Passwords in addresses, and the values of headers, do not leave the gateway.
  var withoutSecrets: StreamDefinition {
    var copy = self
    copy.urls = urls.map(Redactor.redact)
    copy.headers = headers.mapValues { _ in StreamDefinition.hidden }
    return copy
  }

  /// What comes back from a form as it was shown there is taken for what stood behind it.
  func restoringSecrets(from known: StreamDefinition) -> StreamDefinition {
    var copy = self
    copy.urls = urls.map { url in
      known.urls.first { Redactor.redact($0) == url } ?? url
    }
    for (name, value) in headers where value == StreamDefinition.hidden {
      copy.headers[name] = known.headers[name]
    }
    return copy
  }
}

/// A schedule and when it starts next.
struct ScheduleView: Encodable {
  private enum Key: String, CodingKey { case next }

  let schedule: ScheduleDefinition
  let next: [Instant]

  init?(_ change: ScheduleChanged) {
    guard let schedule = change.schedule else { return nil }
    self.schedule = schedule
    next = change.next
  }

  func encode(to encoder: any Encoder) throws {
    try schedule.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(next, forKey: .next)
  }
}

/// A destination and what is wrong with it.
struct DestinationView: Encodable {
  private enum Key: String, CodingKey { case fault, foundHostKey }

  let destination: Destination
  let fault: String?
  let foundHostKey: String?

  init?(_ change: DestinationChanged) {
    guard let destination = change.destination else { return nil }
    self.destination = destination
    fault = change.fault
    foundHostKey = change.foundHostKey
  }

  func encode(to encoder: any Encoder) throws {
    try destination.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(fault, forKey: .fault)
    try container.encodeIfPresent(foundHostKey, forKey: .foundHostKey)
  }
}

/// A feed and how it is doing.
struct FeedView: Encodable {
  private enum Key: String, CodingKey { case status }

  let feed: FeedDefinition
  let status: FeedStatus

  init?(_ change: FeedChanged) {
    guard let feed = change.feed else { return nil }
    self.feed = feed
    status = change.status
  }

  func encode(to encoder: any Encoder) throws {
    try feed.withoutSecrets.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(status, forKey: .status)
  }
}

extension FeedDefinition {
  /// Passwords and keys in the address do not leave the gateway.
  var withoutSecrets: FeedDefinition {
    var copy = self
    copy.url = Redactor.redact(url)
    return copy
  }

  /// An address that comes back as it was shown is taken for what stood behind it.
  func restoringSecrets(from known: FeedDefinition) -> FeedDefinition {
    var copy = self
    if url == Redactor.redact(known.url) { copy.url = known.url }
    return copy
  }
}

extension Episode {
  var withoutSecrets: Episode {
    var copy = self
    copy.url = Redactor.redact(url)
    return copy
  }
}

struct SessionView: Encodable {
  let id: String
  let createdAt: Instant
  let usedAt: Instant
  let expiresAt: Instant
  let peer: String
  let agent: String
  let isCurrent: Bool

  init(_ session: Session, isCurrent: Bool) {
    id = session.id
    createdAt = session.createdAt
    usedAt = session.usedAt
    expiresAt = session.expiresAt
    peer = session.peer
    agent = session.agent
    self.isCurrent = isCurrent
  }
}

struct TokenView: Encodable {
  let id: String
  let name: String
  let createdAt: Instant
  let usedAt: Instant?
  /// Only in the answer that makes it.
  let token: String?

  init(_ token: APIToken, secret: String? = nil) {
    id = token.id
    name = token.name
    createdAt = token.createdAt
    usedAt = token.usedAt
    self.token = secret
  }
}
