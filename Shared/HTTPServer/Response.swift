/// What a handler answers.
public struct Response: Sendable {
  public enum Body: Sendable {
    case bytes([UInt8])
    /// A regular file by its path, sent by the kernel (sendfile), whole or in the ranges that the
    /// request asks for. It must not change while it is served.
    case file(path: String)
    /// Written piece by piece while the response is being sent.
    case channel(OutputChannel)
  }

  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: Body

  public init(
    status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .bytes([])
  ) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public static func text(
    _ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8"
  ) -> Response {
    bytes(Array(text.utf8), status: status, contentType: contentType)
  }

  /// A body that is JSON already.
  public static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
    self.bytes(bytes, status: status, contentType: "application/json")
  }

  public static func bytes(
    _ bytes: [UInt8], status: Int = 200, contentType: String
  ) -> Response {
    Response(
      status: status, headers: [("Content-Type", contentType)], body: .bytes(bytes))
  }

  public static func file(_ path: String, contentType: String) -> Response {
    Response(headers: [("Content-Type", contentType)], body: .file(path: path))
  }

  public static func redirect(to location: String, status: Int = 303) -> Response {
    Response(status: status, headers: [("Location", location)])
  }

  public static let noContent = Response(status: 204)

  /// The same response with one more header.
  public func with(_ name: String, _ value: String) -> Response {
    var copy = self
    copy.headers.append((name, value))
    return copy
  }

  /// The first header of that name; names compare without case.
  public func header(_ name: String) -> String? {
    headers.first { isSameName($0.name, name) }?.value
  }

  /// 304 in place of a body that the client has already (RFC 9110 §13.1.2).
  func unlessKnown(to request: Request) -> Response {
    guard status == 200, request.method == "GET" || request.method == "HEAD",
      let tag = header("ETag"), let known = request.header("If-None-Match")
    else { return self }
    let isKnown = known.split(separator: ",").contains { candidate in
      let candidate = candidate.drop { $0 == " " }.prefix { $0 != " " }
      return candidate == "*" || candidate == tag || candidate == "W/" + tag
    }
    guard isKnown else { return self }
    let kept = headers.filter { header in
      ["ETag", "Cache-Control", "Vary", "Content-Location", "Expires"].contains {
        isSameName($0, header.name)
      }
    }
    return Response(status: 304, headers: kept)
  }
}
