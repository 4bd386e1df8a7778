import Base
import FoundationEssentials
import HTTPClient
import Messages

/// Where a page's stream is, as a resolver said.
///
/// It travels as the body of an answer that no server can give, so that whoever made the connection
/// (this process or another) hands it on like any other bytes.
struct ResolvedSource: Hashable, Codable, Sendable {
  var url: String
  /// What must be sent along.
  var headers: [String: String] = [:]
  /// Until when the address can be used, as it says itself; in microseconds since 1970.
  var expiresUs: Int64?
  /// What the page calls the stream.
  var title: String?

  var expiresAt: Instant? { expiresUs.map { Instant(microseconds: $0) } }

  private static let place = "airloom:resolved"
  private static let contentType = "application/json"

  static var head: HTTPHead {
    var headers = HTTPHeaders()
    headers["Content-Type"] = contentType
    return HTTPHead(status: 200, headers: headers, url: place)
  }

  static func isHead(_ head: HTTPHead) -> Bool { head.url == place }

  var body: [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }

  init(
    url: String, headers: [String: String] = [:], expiresAt: Instant? = nil, title: String? = nil
  ) {
    self.url = url
    self.headers = headers
    expiresUs = expiresAt?.microseconds
    self.title = title
  }

  init?(body: [UInt8]) {
    guard let source = try? JSONDecoder().decode(ResolvedSource.self, from: Data(body)) else {
      return nil
    }
    self = source
  }

  /// The stream's definition as it is for that address.
  func definition(_ definition: StreamDefinition) -> StreamDefinition {
    var definition = definition
    definition.urls = [url]
    definition.source = nil
    for (name, value) in headers {
      if name.lowercased() == "user-agent" {
        definition.userAgent = definition.userAgent ?? value
      } else if definition.headers[name] == nil {
        definition.headers[name] = value
      }
    }
    return definition
  }
}

/// Reads from an address until when it can be used. A value.
enum AddressExpiry {
  /// No station gives out an address for longer; a larger number means something else.
  private static let longest = Duration.seconds(14 * 86_400)
  private static let names: Set<String> = [
    "expire", "expires", "exp", "e", "expiry", "expiration", "token_expires", "validuntil",
  ]

  static func of(_ url: String, now: Instant) -> Instant? {
    let parts = url.split(separator: "?", maxSplits: 1)
    let pairs = (parts.count > 1 ? String(parts[1]) : "").split(separator: "&")
      .flatMap { pair -> [(String, String)] in
        let sides = pair.split(separator: "=", maxSplits: 1)
        guard sides.count == 2 else { return [] }
        // Tokens hold pairs of their own: `hdnts=st=1~exp=2~acl=…`.
        let value = String(sides[1])
        return [(sides[0].lowercased(), value)]
          + value.split(whereSeparator: { "~*:;,".contains($0) }).compactMap { inner in
            let sides = inner.split(separator: "=", maxSplits: 1)
            return sides.count == 2 ? (sides[0].lowercased(), String(sides[1])) : nil
          }
      }
    var found = pairs.compactMap { names.contains($0.0) ? seconds($0.1) : nil }
    // `/expire/1763752800/` in the path.
    let path = (parts.first.map(String.init) ?? "").split(separator: "/").map { $0.lowercased() }
    for (name, value) in zip(path, path.dropFirst()) where names.contains(name) {
      if let number = seconds(value) { found.append(number) }
    }
    let instants = found.map { Instant(microseconds: $0 * 1_000_000) }
    return instants.filter { $0 > now && $0 - now <= longest }.min()
  }

  private static func seconds(_ text: String) -> Int64? {
    guard let number = Int64(text.prefix { $0.isNumber }), number > 1_000_000_000 else {
      return nil
    }
    return number > 1_000_000_000_000 ? number / 1000 : number
  }

  /// When to ask for another one: well before, and not at once again where it is short-lived.
  static func renewal(of expiry: Instant, from: Instant) -> Instant {
    expiry - min(.seconds(300), max(.seconds(5), (expiry - from) / 5))
  }
}
