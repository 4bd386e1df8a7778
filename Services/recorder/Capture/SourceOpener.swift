import Base
import HTTPClient
import Messages

/// What a capture asks a source for.
struct SourceRequest: Sendable {
  let stream: StreamID
  /// May hold a user and a password.
  let url: String
  var http: HTTPRequest

  /// A stream without an end, with the titles that a station puts between its sound.
  init(_ url: String, of definition: StreamDefinition, connectTimeout: Duration) {
    stream = definition.id
    self.url = url
    http = HTTPRequest.endless(url)
    http.connectTimeout = connectTimeout
    http.headers["Icy-MetaData"] = "1"
    for (name, value) in definition.headers { http.headers[name] = value }
    if let userAgent = definition.userAgent { http.userAgent = userAgent }
  }
}

/// Makes connections to sources: of whatever kind, in whatever process.
protocol SourceOpener: Sendable {
  /// Returns at once; the connection hears of everything that follows.
  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer
}

/// A connection to a source, as whoever reads from it holds it.
protocol SourceTransfer: Sendable {
  func cancel()
  /// Goes on after the reader asked it to wait.
  func resume()
}

extension HTTPTransfer: SourceTransfer {}

/// Connections over HTTP, made by this process.
struct HTTPOpener: SourceOpener {
  let client: HTTPClient

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    client.start(request.http, into: connection)
  }
}
