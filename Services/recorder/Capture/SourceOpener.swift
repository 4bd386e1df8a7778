import Base
import HTTPClient
import Messages

/// What a capture asks a source for.
struct SourceRequest: Sendable {
  let stream: StreamID
  /// May hold a user and a password.
  let url: String
  /// The stream's addresses when this was asked; what a list led to is not among them.
  let addresses: [String]
  var http: HTTPRequest
  /// How the address is read, where the stream's definition says so.
  var kind: SourceKind?
  var inputFormat: String?
  var quality: String?

  init(stream: StreamID, url: String, addresses: [String], http: HTTPRequest) {
    self.stream = stream
    self.url = url
    self.addresses = addresses
    self.http = http
  }

  /// A stream without an end, with the titles that a station puts between its sound.
  init(_ url: String, of definition: StreamDefinition, connectTimeout: Duration) {
    stream = definition.id
    self.url = url
    addresses = definition.urls
    kind = definition.source
    inputFormat = definition.inputFormat
    quality = definition.quality
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
  /// Whether the connection would better be made anew, though it works: it would outlive this process
  /// then, or be held by the process that new ones are held by.
  func isOutdated(_ connection: CaptureConnection) -> Bool
  /// Whether there is a line that outlived an earlier life of this recorder.
  func hasHeld(_ stream: StreamID) -> Bool
  /// That line, once: to be adopted in place of a new connection.
  func held(_ stream: StreamID) -> HeldLine?
  /// The line's bytes from its release offset on come into the connection; nil where it is gone.
  func adopt(_ held: HeldLine, into connection: CaptureConnection) -> (any SourceTransfer)?
}

/// Openers whose connections end with this process.
extension SourceOpener {
  func isOutdated(_ connection: CaptureConnection) -> Bool { false }
  func hasHeld(_ stream: StreamID) -> Bool { false }
  func held(_ stream: StreamID) -> HeldLine? { nil }
  func adopt(_ held: HeldLine, into connection: CaptureConnection) -> (any SourceTransfer)? { nil }
}

/// A connection to a source, as whoever reads from it holds it.
protocol SourceTransfer: Sendable {
  func cancel()
  /// Goes on after the reader asked it to wait.
  func resume()
  /// The ingest that holds it; nil: this process does.
  var link: IngestLink? { get }
  /// The reader ends and may come back: where the connection can, it outlives this process.
  func letGo()
  /// What stands before the mark is safe on disk.
  func release(_ mark: LineMarks.Mark)
  /// Why it may be silent though the source is not; nil where nothing is known of that.
  func doubt(_ now: Monotonic) -> SourceFailure?
}

extension SourceTransfer {
  var link: IngestLink? { nil }
  func letGo() { cancel() }
  func release(_ mark: LineMarks.Mark) {}
  func doubt(_ now: Monotonic) -> SourceFailure? { nil }
}

extension HTTPTransfer: SourceTransfer {}

/// Connections over HTTP, made by this process.
struct HTTPOpener: SourceOpener {
  let client: HTTPClient

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    client.start(request.http, into: connection)
  }
}
