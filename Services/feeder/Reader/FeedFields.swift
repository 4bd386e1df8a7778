internal import Base

/// Which element fills which field.
enum FeedFields {
  /// Those that may hold markup, of which the words count.
  static let texts: Set<String> = [
    "title", "subtitle", "tagline", "description", "dc:title", "dc:description", "itunes:title",
    "copyright", "rights", "abstract", "info",
  ]

  /// Those whose text is kept at all.
  static let wanted: Set<String> = texts.union([
    "link", "guid", "id", "dc:identifier", "pubdate", "published", "issued", "dcterms:issued",
    "created", "dcterms:created", "updated", "modified", "dcterms:modified", "dc:date",
    "lastbuilddate", "author", "dc:creator", "dc:author", "managingeditor", "itunes:author",
    "webmaster", "dc:publisher", "name", "language", "dc:language", "dc:rights", "url", "icon",
    "ttl", "hour", "day", "sy:updateperiod", "sy:updatefrequency", "itunes:new-feed-url",
    "itunes:duration", "itunes:season", "podcast:season", "itunes:episode", "podcast:episode",
    "itunes:subtitle", "itunes:summary", "itunes:image",
  ])

  typealias Resolver = (String) -> String?

  static func set(
    _ name: String, _ text: String, _ resolve: Resolver, in document: inout FeedDocument
  ) {
    switch name {
    case "title": document.title = text
    case "dc:title", "itunes:title": fill(&document.title, text)
    case "link": fill(&document.link, resolve(text))
    case "description", "tagline", "subtitle", "abstract": document.description = text
    case "dc:description", "itunes:summary", "itunes:subtitle", "info":
      fill(&document.description, text)
    case "language", "dc:language": document.language = text
    case "itunes:author": document.author = PlainText.author(text)
    case "author", "dc:creator", "dc:author", "managingeditor":
      fill(&document.author, PlainText.author(text))
    case "copyright", "rights", "dc:rights": document.copyright = text
    case "icon", "itunes:image": fill(&document.imageURL, resolve(text))
    case "lastbuilddate", "updated", "modified", "dcterms:modified":
      document.updated = FeedDate.read(text) ?? document.updated
    case "pubdate", "dc:date", "published", "created", "dcterms:created", "dcterms:issued":
      fill(&document.updated, FeedDate.read(text))
    case "ttl": document.hints.ttl = Int(text.prefix { $0.isNumber })
    case "sy:updateperiod": document.hints.period = period(text)
    case "sy:updatefrequency": document.hints.frequency = Int(text)
    case "itunes:new-feed-url": document.newURL = resolve(text)
    default: break
    }
  }

  static func set(_ name: String, _ text: String, _ resolve: Resolver, in item: inout FeedItem?) {
    guard var new = item else { return }
    switch name {
    case "title": new.title = text
    case "itunes:title", "dc:title": fill(&new.title, text)
    case "guid", "id": new.guid = text
    case "dc:identifier": fill(&new.guid, text)
    case "link": new.link = resolve(text) ?? new.link
    case "pubdate", "published", "issued", "dcterms:issued":
      new.published = FeedDate.read(text) ?? new.published
    case "created", "dcterms:created", "dc:date": fill(&new.published, FeedDate.read(text))
    case "updated", "modified", "dcterms:modified":
      new.updated = FeedDate.read(text) ?? new.updated
    case "itunes:author": new.author = PlainText.author(text)
    case "author", "dc:creator", "dc:author": fill(&new.author, PlainText.author(text))
    case "itunes:duration": new.duration = duration(text) ?? new.duration
    case "itunes:image": fill(&new.imageURL, resolve(text))
    case "itunes:season", "podcast:season": new.season = Int(text)
    case "itunes:episode", "podcast:episode": new.number = Int(text)
    default: break
    }
    item = new
  }

  /// `1:02:03`, `62:03`, `3723`, `3723.5`.
  static func duration(_ text: String) -> Duration? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map {
      Double($0[...].trimmed)
    }
    guard (1...3).contains(parts.count) else { return nil }
    var seconds = 0.0
    for part in parts {
      guard let part, part >= 0, part < 1_000_000 else { return nil }
      seconds = seconds * 60 + part
    }
    return seconds > 0 && seconds < 1_000_000 ? .seconds(seconds) : nil
  }

  static func day(_ text: String) -> Int? {
    ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].firstIndex(
      of: String(text.lowercased().prefix(3)))
  }

  private static func period(_ text: String) -> Int? {
    switch text.lowercased() {
    case "hourly": 3600
    case "daily": 86_400
    case "weekly": 7 * 86_400
    case "monthly": 30 * 86_400
    case "yearly": 365 * 86_400
    default: nil
    }
  }

  /// What was said first, or better, stays.
  private static func fill<Value>(_ field: inout Value?, _ value: Value?) {
    if field == nil { field = value }
  }
}

extension Substring {
  var trimmed: Substring {
    let start = drop { $0.isWhitespace }
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return start[...end]
  }
}
