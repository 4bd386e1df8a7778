/// What is asked of a server, and how long and how much we are willing to take.
///
/// Only `http` and `https` are spoken, also after a redirect. Proxies from the environment are not
/// used. Redirects are followed for GET and HEAD alone.
public struct HTTPRequest: Sendable {
  public var method: String
  /// Absolute. May carry `user:password@`, which then is sent as basic authentication to that
  /// host alone.
  public var url: String
  public var headers = HTTPHeaders()
  public var body: [UInt8] = []
  /// Sent in place of `body`, read as it is sent; for bodies that memory should not hold.
  public var bodySource: (any HTTPBodySource)?
  /// Sent to the host of `url` only, never to one that it redirects to.
  public var credentials: HTTPCredentials?
  public var userAgent = "Airloom"
  /// For DNS, TCP and TLS together.
  public var connectTimeout = Duration.seconds(10)
  /// For all of it, to the last byte; nil is without end.
  public var timeout: Duration?
  /// How long nothing at all may come; nil is without end. Whole seconds; libcurl averages over
  /// its last samples, so that it may notice up to five seconds late.
  public var stallTimeout: Duration?
  /// How many bytes of body are taken, counted after decompression.
  public var largestBody: Int64 = 8 << 20
  public var redirectLimit = 5
  /// Ask for gzip, br and zstd and decode them.
  public var acceptsCompression = true
  /// Whether an answer of 400 and above is a response rather than an error.
  public var acceptsAnyStatus = false
  /// Connect to this unix socket; the host in `url` then only names the server.
  public var unixSocketPath: String?

  /// A small answer, wanted whole.
  public init(_ method: String = "GET", _ url: String, timeout: Duration? = .seconds(30)) {
    self.method = method
    self.url = url
    self.timeout = timeout
  }

  /// An answer without an end, such as a radio stream: no limit in size or time, as it was sent.
  public static func endless(_ url: String, stallTimeout: Duration? = nil) -> HTTPRequest {
    var request = HTTPRequest("GET", url, timeout: nil)
    request.stallTimeout = stallTimeout
    request.largestBody = .max
    request.acceptsCompression = false
    return request
  }
}

/// A body that is read piece by piece while it is sent, such as a part of a file.
///
/// Called on the client's thread, which all transfers of a client share: whoever sends from a slow
/// disk has a client of his own.
public protocol HTTPBodySource: Sendable {
  /// In bytes; exactly so many are sent.
  var size: Int64 { get }
  /// Fills the buffer from the front with what stands at `offset`, and says how many bytes that were:
  /// at least one before the end. nil breaks the transfer off: the body cannot be read. An offset may
  /// be asked for again, when a connection broke before anything was answered.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int?
}

/// A user and a password that do not show themselves when printed.
public struct HTTPCredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  public let user: String
  public let password: String

  public init(user: String, password: String) {
    self.user = user
    self.password = password
  }

  public var description: String { "credentials(…)" }
  public var debugDescription: String { description }
}
