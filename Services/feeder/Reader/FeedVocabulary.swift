internal import XML

/// One name for each element of the formats that feeds come in, whatever prefix, namespace or case
/// they are written with.
///
/// RSS, RDF and Atom share the names without a prefix; what other vocabularies add keeps the prefix
/// that everybody uses for it. A prefix that was not declared is taken for what it looks like.
enum FeedVocabulary {
  static func name(_ name: XMLName) -> String {
    let local = name.local.lowercased()
    let prefix =
      name.namespace.isEmpty ? name.prefix.lowercased() : known(name.namespace) ?? name.prefix
    switch prefix {
    case "", "atom", "atom10", "atom03", "a10", "rss": return local
    default: return "\(prefix):\(local)"
    }
  }

  private static func known(_ namespace: String) -> String? {
    var plain = namespace.lowercased()[...]
    for scheme in ["https://", "http://"] where plain.hasPrefix(scheme) {
      plain = plain.dropFirst(scheme.count)
    }
    if plain.hasPrefix("www.") { plain = plain.dropFirst(4) }
    while plain.hasSuffix("/") || plain.hasSuffix("#") { plain = plain.dropLast() }
    if let found = table[plain] { return found }
    // RSS has had many namespaces, none of them meant.
    return plain.contains("rss") || plain.hasPrefix("backend.userland.com") ? "" : nil
  }

  private static let table: [Substring: String] = [
    "w3.org/2005/atom": "", "purl.org/atom/ns": "", "purl.org/rss/1.0": "",
    "my.netscape.com/rdf/simple/0.9": "", "channel.netscape.com/rdf/simple/0.9": "",
    "my.netscape.com/publish/formats/rss-0.91": "", "example.com/newformat": "",
    "itunes.com/dtds/podcast-1.0.dtd": "itunes", "example.com/dtds/podcast-1.0.dtd": "itunes",
    "search.yahoo.com/mrss": "media", "tools.search.yahoo.com/mrss": "media",
    "purl.org/dc/elements/1.1": "dc", "purl.org/dc/elements/1.0": "dc",
    "purl.org/dc/terms": "dcterms", "purl.org/rss/1.0/modules/syndication": "sy",
    "purl.org/rss/1.0/modules/content": "content", "w3.org/1999/xhtml": "xhtml",
    "w3.org/1999/02/22-rdf-syntax-ns": "rdf", "w3.org/2000/svg": "svg",
    "rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "podcastindex.org/namespace/1.0": "podcast",
    "purl.org/rss/1.0/modules/image": "image", "a9.com/-/spec/opensearch/1.1": "opensearch",
    "blogs.law.harvard.edu/tech/creativecommonsrssmodule": "cc", "w3.org/1998/math/mathml": "math",
  ]
}
