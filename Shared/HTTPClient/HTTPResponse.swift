public import Base

/// The part of an answer that stands before its body.
public struct HTTPHead: Sendable {
  public let status: Int
  public let headers: HTTPHeaders
  /// Where the answer came from, after redirects; with its secrets, so never log it as it is.
  public let url: String
  /// Whether the server spoke SHOUTcast's `ICY 200 OK` in place of HTTP.
  public let isICY: Bool

  public init(status: Int, headers: HTTPHeaders, url: String, isICY: Bool = false) {
    self.status = status
    self.headers = headers
    self.url = url
    self.isICY = isICY
  }
}

/// A whole answer.
public struct HTTPResponse: Sendable {
  public let head: HTTPHead
  /// Decompressed.
  public let body: [UInt8]

  public var status: Int { head.status }
  public var headers: HTTPHeaders { head.headers }
}

/// Bytes of a body as they came off the socket, and when.
public struct HTTPChunk: Sendable {
  public let bytes: [UInt8]
  public let receivedAt: Instant
}

/// What a sink wants after a chunk that it has taken.
public enum HTTPFlow: Sendable {
  case proceed
  /// Nothing more until `HTTPTransfer.resume()`; the socket fills and TCP slows the sender.
  case pause
  /// No more at all: the transfer ends with `.cancelled`.
  case cancel
}

/// Takes one transfer on the client's own thread, without a copy or a task per stream.
///
/// Its methods are called in order (`receive(_ head:)` once, chunks, `finish` once) and hold up
/// every other transfer of the client, so they must be short and must not block.
public protocol HTTPSink: AnyObject, Sendable {
  func receive(_ head: HTTPHead)
  /// The bytes are valid only during the call, and are always taken.
  func receive(_ bytes: UnsafeRawBufferPointer, at arrival: Instant) -> HTTPFlow
  /// nil when the server ended the body properly. Also called without a head when there was none.
  func finish(_ error: HTTPError?)
}
