internal import Base
internal import HTTPClient
internal import XML

/// Makes a `FeedDocument` of the bytes of one page, chunk by chunk: RSS 0.9x, 1.0 and 2.0, Atom 0.3
/// and 1.0, with the vocabularies of podcasts.
///
/// What is broken is mended as far as it goes, and told in the document's warnings. A document that
/// breaks off gives the items up to there.
final class FeedReader {
  /// What is given up.
  enum Failure: Error, Hashable, Sendable {
    case unreadable(XMLError)
    /// It is well-formed, perhaps, and something else: a web page, say.
    case noFeed
  }

  static let mostItems = 50_000

  private let reader: XMLReader
  private let builder: FeedBuilder

  /// `url` is where it came from, after redirects: relative addresses are relative to it.
  init(url: String, contentType: String? = nil, limits: XMLLimits = XMLLimits()) {
    builder = FeedBuilder(url: url)
    reader = XMLReader(handler: builder, contentType: contentType, limits: limits)
  }

  func feed(_ bytes: [UInt8]) throws(Failure) {
    if builder.isFull { return }
    do {
      try reader.feed(bytes)
    } catch {
      throw .unreadable(error)
    }
    if builder.isFull { reader.stop() }
  }

  func finish() throws(Failure) -> FeedDocument {
    if !builder.isFull {
      do {
        try reader.finish()
      } catch {
        throw .unreadable(error)
      }
    }
    var document = builder.finish()
    guard document.isFeed else { throw .noFeed }
    document.warnings += reader.warnings
    if builder.isFull {
      document.warnings.append("only its first \(Self.mostItems) items were read")
    }
    return document
  }
}

/// Puts the document together from its elements.
final class FeedBuilder: XMLHandler {
  /// An element that has begun and not ended.
  private struct Open {
    var name: String
    /// What relative addresses in it are relative to.
    var base: WebAddress?
    var attributes: [(name: XMLName, value: String)]
    var isWanted: Bool
    /// Whether it is a title or the like, or markup inside of one.
    var isText: Bool
    /// Whether elements ended in it, so that an angle in its text is no markup.
    var hasMarkup = false
    var text = ""
  }

  /// Longer texts are cut: nobody reads a title of a megabyte.
  private static let longestText = 16 << 10

  private var document = FeedDocument()
  private var item: FeedItem?
  private var open: [Open] = []
  private let url: WebAddress?

  init(url: String) { self.url = WebAddress(url) }

  var isFull: Bool { document.items.count >= FeedReader.mostItems }

  func finish() -> FeedDocument {
    endItem()
    return document
  }

  // MARK: - Elements

  func begin(_ element: XMLElement) {
    let name = FeedVocabulary.name(element.name)
    var base = open.last?.base ?? url
    if let said = element.attributes.first(where: { $0.name.local == "base" })?.value,
      let found = WebAddress(said, base: base)
    {
      base = found
    }
    if open.isEmpty {
      document.isFeed = ["rss", "rdf:rdf", "rdf", "feed", "channel"].contains(name)
    }
    let isInText = open.last?.isText == true
    open.append(
      Open(
        name: name, base: base, attributes: element.attributes,
        isWanted: isInText || FeedFields.wanted.contains(name),
        isText: isInText || FeedFields.texts.contains(name)))
    switch name {
    case "item", "entry":
      endItem()
      var new = FeedItem()
      new.guid = attribute("about", of: element)
      new.link = attribute("href", of: element).flatMap(resolve)
      new.updated = attribute("lastmod", of: element).flatMap(FeedDate.read)
      item = new
    case "channel":
      document.link = attribute("href", of: element).flatMap(resolve)
      document.updated = attribute("lastmod", of: element).flatMap(FeedDate.read)
    case "feed": document.language = attribute("lang", of: element)
    case "link", "atom:link": takeLink(element)
    case "enclosure": takeEnclosure(element, size: "length")
    case "media:content": takeMedia(element)
    case "itunes:image", "logo":
      setImage(attribute("href", of: element) ?? attribute("url", of: element))
    default: break
    }
  }

  func text(_ text: String) {
    guard let last = open.indices.last, open[last].isWanted,
      open[last].text.utf8.count < Self.longestText
    else { return }
    open[last].text += text
  }

  func end(_ name: XMLName) {
    guard let ended = open.popLast() else { return }
    if ended.name == "item" || ended.name == "entry" { return endItem() }
    guard ended.isWanted else { return }
    // Markup inside a title: what it says counts.
    if let parent = open.indices.last, open[parent].isText {
      open[parent].hasMarkup = true
      let isSaid = !ended.name.hasSuffix("script") && !ended.name.hasSuffix("style")
      if isSaid { open[parent].text += ended.text }
      return
    }
    var text = String(ended.text[...].trimmed)
    if ended.isText {
      text = ended.hasMarkup ? PlainText.collapsed(text) : words(text, ended.attributes)
    }
    guard !text.isEmpty, !open.contains(where: { $0.name == "source" }) else { return }
    switch open.last?.name {
    case "image", "rss:image": if ended.name == "url" { setImage(text, isWeak: true) }
    case "textinput", "textarea": break
    case "skiphours":
      if let hour = Int(text), (0...24).contains(hour) {
        document.hints.skippedHours.insert(hour % 24)
      }
    case "skipdays": if let day = FeedFields.day(text) { document.hints.skippedDays.insert(day) }
    case "author", "contributor", "itunes:owner":
      if ended.name == "name", open.last?.name == "author" { setAuthor(text) }
    default: set(ended.name, text, ended)
    }
  }

  private func words(_ text: String, _ attributes: [(name: XMLName, value: String)]) -> String {
    let isBase64 = attributes.contains {
      $0.name.local == "mode" && $0.value.lowercased() == "base64"
        || $0.name.local == "type" && $0.value == "application/octet-stream"
    }
    return PlainText.words(of: isBase64 ? PlainText.base64(text) ?? text : text)
  }

  private func set(_ name: String, _ text: String, _ element: Open) {
    if item == nil {
      FeedFields.set(name, text, resolve, in: &document)
    } else {
      if name == "guid", isPermanent(element.attributes), item?.link == nil {
        item?.link = resolve(text)
      }
      FeedFields.set(name, text, resolve, in: &item)
    }
  }

  private func endItem() {
    guard var item, !isFull else { return }
    self.item = nil
    // The same file listed twice (an enclosure and media:content) is one.
    var seen: Set<String> = []
    item.enclosures.removeAll { !seen.insert($0.url).inserted }
    document.items.append(item)
  }

  // MARK: - Attributes

  private func takeLink(_ element: XMLElement) {
    guard let href = attribute("href", of: element), let address = resolve(href),
      !open.contains(where: { $0.name == "source" })
    else { return }
    let relation = attribute("rel", of: element)?.lowercased() ?? "alternate"
    switch relation.split(separator: "/").last ?? "" {
    case "alternate":
      if item == nil {
        document.link = document.link ?? address
      } else if item?.link == nil {
        item?.link = address
      }
    case "enclosure": takeEnclosure(element, size: "length", address: "href")
    case "next" where item == nil: document.nextPage = address
    default: break
    }
  }

  private func takeEnclosure(_ element: XMLElement, size: String, address: String = "url") {
    guard item != nil, let url = attribute(address, of: element).flatMap(resolve) else { return }
    let length = attribute(size, of: element).flatMap { Int64($0) }
    item?.enclosures.append(
      Enclosure(
        url: url, type: attribute("type", of: element),
        length: length.flatMap { $0 > 0 ? $0 : nil }))
  }

  private func takeMedia(_ element: XMLElement) {
    let medium = attribute("medium", of: element)?.lowercased()
    let type = attribute("type", of: element)?.lowercased() ?? ""
    guard
      medium == "audio" || medium == "video" || type.hasPrefix("audio/")
        || type.hasPrefix("video/")
    else { return }
    takeEnclosure(element, size: "filesize")
    if item?.duration == nil {
      item?.duration = attribute("duration", of: element).flatMap(FeedFields.duration)
    }
  }

  private func setImage(_ text: String?, isWeak: Bool = false) {
    guard let url = text.flatMap(resolve), url.utf8.count <= 2048 else { return }
    if item != nil {
      if item?.imageURL == nil { item?.imageURL = url }
    } else if document.imageURL == nil || !isWeak {
      document.imageURL = url
    }
  }

  private func setAuthor(_ text: String) {
    if item == nil {
      document.author = document.author ?? text
    } else if item?.author == nil {
      item?.author = text
    }
  }

  private func attribute(_ name: String, of element: XMLElement) -> String? {
    element[name].map { String($0[...].trimmed) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  private func isPermanent(_ attributes: [(name: XMLName, value: String)]) -> Bool {
    attributes.first { $0.name.local.lowercased() == "ispermalink" }?.value.lowercased() != "false"
  }

  private func resolve(_ text: String) -> String? {
    WebAddress(text, base: open.last?.base ?? url)?.text
  }
}
