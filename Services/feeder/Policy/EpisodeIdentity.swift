internal import Base
internal import HTTPClient
internal import Messages

/// Recognises a feed's items: by guid, then by the address of the media file. (By content comes later,
/// when the file is there.)
///
/// Publishers change either: addresses carry tokens and trackers that differ each day, and moving to
/// another host gives every episode a new guid. As long as one of the two is known, it is the same
/// episode. But a name that several items of one document share (every item with the same guid, or
/// one `latest.mp3` for all) names none of them.
///
/// A value: what is known is asked for, what is new is answered.
enum EpisodeIdentity {
  enum Kind: String, Hashable, Sendable { case guid, url }

  /// A hash, since guids may be of any length.
  struct Name: Hashable, Sendable {
    var kind: Kind
    var text: String
  }

  /// What is kept of an episode that goes by a name.
  struct Known: Hashable, Sendable {
    var id: EpisodeID
    var title: String
    var published: Instant?
  }

  /// An item with a media file, and the names that it goes by.
  struct Candidate: Hashable, Sendable {
    var item: FeedItem
    var enclosure: Enclosure
    var names: [Name]
  }

  struct Recognised: Hashable, Sendable {
    var item: FeedItem
    var enclosure: Enclosure
    var id: EpisodeID
    /// Of its names those that are not known yet, or known for another.
    var newNames: [Name]
  }

  static func candidates(_ items: [FeedItem]) -> [Candidate] {
    items.compactMap { item in
      item.enclosure.map { Candidate(item: item, enclosure: $0, names: names(of: item, $0)) }
    }
  }

  /// Names that several of a document's items have, and that therefore name none of them. The same
  /// item listed twice is one.
  static func sharedNames(in candidates: [Candidate]) -> Set<Name> {
    var owners: [Name: [Name]] = [:]
    var shared: Set<Name> = []
    for candidate in candidates {
      for name in candidate.names
      where owners.updateValue(candidate.names, forKey: name) ?? candidate.names
        != candidate.names
      {
        shared.insert(name)
      }
    }
    return shared
  }

  /// Each episode once, in the document's order. `candidates` may be a part of a document; `shared` is
  /// of all of it.
  static func recognise(
    _ candidates: some Sequence<Candidate>, of feed: FeedID, shared: Set<Name>,
    known: (Name) throws -> Known?
  ) rethrows -> [Recognised] {
    var recognised: [Recognised] = []
    var taken: Set<EpisodeID> = []
    var given: [Name: EpisodeID] = [:]
    for candidate in candidates {
      let item = candidate.item
      let names = candidate.names.filter { !shared.contains($0) }
      let found = try names.map { ($0, try known($0)) }
      let matched = found.lazy.compactMap { name, known in
        given[name] ?? match(name, item, known)
      }.first
      // With no name of its own, all that is left is everything that it says.
      let id = matched ?? id(of: feed, names.first?.text ?? fingerprint(of: candidate))
      for name in names { given[name] = given[name] ?? id }
      guard taken.insert(id).inserted else { continue }
      recognised.append(
        Recognised(
          item: item, enclosure: candidate.enclosure, id: id,
          newNames: found.filter { $0.1?.id != id }.map(\.0)))
    }
    return recognised
  }

  /// A guid is believed. An address under another guid is believed when title or date agree: else it
  /// is an address that each new episode is put at (`latest.mp3`).
  private static func match(_ name: Name, _ item: FeedItem, _ known: Known?) -> EpisodeID? {
    guard let known, name.kind == .url, item.guid != nil else { return known?.id }
    if item.title == nil || item.title == known.title { return known.id }
    guard let published = item.published, let before = known.published else { return known.id }
    let apart = published < before ? before - published : published - before
    return apart <= .seconds(86_400) ? known.id : nil
  }

  private static func names(of item: FeedItem, _ enclosure: Enclosure) -> [Name] {
    var names: [Name] = []
    if let guid = item.guid, !guid.isEmpty { names.append(Name(kind: .guid, text: hash(guid))) }
    names.append(Name(kind: .url, text: hash(plain(enclosure.url))))
    return names
  }

  private static func fingerprint(of candidate: Candidate) -> String {
    let item = candidate.item
    let names = candidate.names.map(\.text).joined(separator: "\n")
    return "\(names)\n\(item.title ?? "")\n\(item.published?.microseconds ?? 0)"
  }

  static func id(of feed: FeedID, _ name: String) -> EpisodeID {
    EpisodeID(unchecked: String(hash("\(feed)\n\(name)").prefix(32)))
  }

  private static func hash(_ text: String) -> String {
    hexadecimal(SHA256.hash(Array(text.utf8)).prefix(16))
  }

  /// The address without what changes while the file stays the same: scheme, default port, the
  /// prefixes of counting services, parameters that only track.
  static func plain(_ url: String) -> String {
    guard var address = WebAddress(url), address.isWeb else { return url }
    var steps = 0
    while steps < 8, let inner = behindPrefix(address) {
      address = inner
      steps += 1
    }
    var host = address.host
    if host.hasPrefix("www.") { host = String(host.dropFirst(4)) }
    let port = address.port == 80 || address.port == 443 ? "" : ":\(address.port)"
    let query = (address.query ?? "").split(separator: "&").filter { parameter in
      let name = parameter.prefix { $0 != "=" }.lowercased()
      return !tracking.contains(name) && !name.hasPrefix("utm_")
    }
    let rest = query.isEmpty ? "" : "?" + query.joined(separator: "&")
    return "\(host)\(port)\(address.path)\(rest)"
  }

  /// `https://counter.example/redirect.mp3/media.example/x.mp3` is `media.example/x.mp3`.
  private static func behindPrefix(_ address: WebAddress) -> WebAddress? {
    guard let rule = prefixes.first(where: { address.host == $0.host }) else { return nil }
    var path = address.path.dropFirst()
    for _ in 0..<rule.components {
      guard let slash = path.firstIndex(of: "/") else { return nil }
      path = path[path.index(after: slash)...]
    }
    for scheme in ["https://", "http://", "https:/", "http:/"] where path.hasPrefix(scheme) {
      path = path.dropFirst(scheme.count)
    }
    let query = address.query.map { "?\($0)" } ?? ""
    let inner = WebAddress("https://\(path)\(query)")
    return inner?.host.contains(".") == true ? inner : nil
  }

  /// Counting services, and how many parts of the path are theirs.
  private static let prefixes: [(host: String, components: Int)] = [
    ("dts.podtrac.com", 1), ("www.podtrac.com", 2), ("podtrac.com", 2), ("pdst.fm", 1),
    ("chtbl.com", 2), ("chrt.fm", 2), ("op3.dev", 1), ("pdcn.co", 1), ("mgln.ai", 2),
    ("pscrb.fm", 2), ("prfx.byspotify.com", 1), ("arttrk.com", 2), ("claritaspod.com", 1),
    ("media.blubrry.com", 1), ("verifi.podscribe.com", 2), ("clrtpod.com", 1),
  ]

  private static let tracking: Set<String> = [
    "token", "expires", "signature", "sig", "key-pair-id", "policy", "x-amz-signature",
    "x-amz-date", "x-amz-credential", "x-amz-algorithm", "x-amz-expires", "x-amz-signedheaders",
    "x-amz-security-token", "hdnea", "hdnts", "source", "src", "ref", "dist", "awcollectionid",
    "awepisodeid", "stitched", "updated", "listenerid", "sessionid", "session", "aid", "from",
    "nocache", "cb", "_", "ts", "timestamp", "fbclid", "gclid", "ltm", "played_on",
  ]
}
