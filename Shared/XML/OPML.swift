/// A list of feeds in OPML, as podcast programs write it (http://opml.org/spec2.opml).
public enum OPML {
  public struct Feed: Hashable, Sendable {
    public var url: String
    public var name: String?

    public init(url: String, name: String? = nil) {
      self.url = url
      self.name = name
    }
  }

  /// Every outline with an address, at any depth, each address once, in the document's order.
  ///
  /// - Throws: `XMLError` where it cannot be read at all.
  public static func feeds(
    in bytes: [UInt8], contentType: String? = nil, limits: XMLLimits = XMLLimits()
  ) throws(XMLError) -> [Feed] {
    let collector = OutlineCollector()
    let reader = XMLReader(handler: collector, contentType: contentType, limits: limits)
    try withExtendedLifetime(collector) { () throws(XMLError) in
      try reader.feed(bytes)
      try reader.finish()
    }
    return collector.feeds
  }
}

private final class OutlineCollector: XMLHandler {
  private(set) var feeds: [OPML.Feed] = []
  private var seen: Set<String> = []

  func begin(_ element: XMLElement) {
    guard element.name.local.lowercased() == "outline",
      let url = (element["xmlurl"] ?? element["url"])?[...].trimmed, !url.isEmpty,
      seen.insert(String(url)).inserted
    else { return }
    let name = [element["title"], element["text"]].compactMap { $0?[...].trimmed }
      .first { !$0.isEmpty }
    feeds.append(OPML.Feed(url: String(url), name: name.map(String.init)))
  }

  func text(_ text: String) {}

  func end(_ name: XMLName) {}
}
