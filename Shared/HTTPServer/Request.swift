/// One request, whole: its body has been read.
public struct Request: Sendable {
  /// As sent, such as `GET`.
  public let method: String
  /// As sent, escapes and all, without the query.
  public let path: String
  /// Decoded, in the order sent; the same name may stand several times.
  public let query: [(name: String, value: String)]
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]
  /// The peer's IP address; empty where the peer came by a unix socket.
  public let peer: String
  /// What the pattern's `{name}` parts matched, decoded.
  public internal(set) var parameters: [String: String] = [:]

  public init(
    method: String, path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: [UInt8] = [], peer: String = ""
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.peer = peer
  }

  /// The first header of that name; names compare without case.
  public func header(_ name: String) -> String? {
    headers.first { isSameName($0.name, name) }?.value
  }

  /// The first query parameter of that name.
  public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// A part of the path that the route's pattern named; empty where it names none.
  public func parameter(_ name: String) -> String { parameters[name] ?? "" }

  /// The first cookie of that name (RFC 6265 §4.2).
  public func cookie(_ name: String) -> String? {
    for header in headers where isSameName(header.name, "cookie") {
      for pair in header.value.split(separator: ";") {
        let pair = pair.drop { $0 == " " }
        guard let equals = pair.firstIndex(of: "="), pair[..<equals] == name else { continue }
        return String(pair[pair.index(after: equals)...])
      }
    }
    return nil
  }

  /// The media type without its parameters, in lower case; empty when there is none.
  public var contentType: String {
    guard let value = header("Content-Type") else { return "" }
    return value.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
  }
}

/// ASCII comparison without case, as header names compare.
func isSameName(_ left: String, _ right: String) -> Bool {
  func lowered(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
  return left.utf8.count == right.utf8.count
    && zip(left.utf8, right.utf8).allSatisfy { lowered($0) == lowered($1) }
}
