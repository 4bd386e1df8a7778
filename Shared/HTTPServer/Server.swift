internal import Base
internal import CMicrohttpd
internal import Glibc

/// An HTTP/1.1 server on libmicrohttpd: reads requests on its own threads, runs the handler as a
/// Swift task, and sends what it answers.
///
/// Connections and idle time are limited. `stop` must be called before the last reference goes.
public final class Server: Sendable {
  public struct Configuration: Sendable {
    public var address: ServerAddress
    /// Of libmicrohttpd; handlers do not run on them.
    public var threads = 1
    public var connectionLimit = 1000
    /// 0: none.
    public var connectionLimitPerPeer = 0
    /// How long a connection may do nothing; not counted while a handler works on it.
    public var idleTimeout = Duration.seconds(30)
    /// In bytes, of a request's body.
    public var largestBody = 1 << 20
    /// Other limits for these paths, as they are sent.
    public var largerBodies: [String: Int] = [:]
    /// Asked before the body of a request for one of these paths is read: what it answers is sent
    /// instead, and the body is not taken.
    public var admit: (@Sendable (Request) async -> Response?)?
    /// How long handlers may go on when the server stops.
    public var grace = Duration.seconds(3)

    public init(_ address: ServerAddress) { self.address = address }
  }

  public typealias Handler = @Sendable (Request) async -> Response
  /// A last look at every response, also those that no handler made; for headers.
  public typealias Finisher = @Sendable (Request, inout Response) -> Void

  /// With the port that was in fact taken.
  public let address: ServerAddress
  private let core: ServerCore

  public init(
    _ configuration: Configuration, finish: @escaping Finisher = { _, _ in },
    handler: @escaping Handler
  ) throws(ServerError) {
    let socket = try ListeningSocket(configuration.address)
    address = socket.address
    core = ServerCore(configuration, handler: handler, finish: finish)
    try core.start(on: socket)
  }

  /// The TCP port; nil on a unix socket.
  public var port: UInt16? {
    if case .tcp(_, let port) = address { port } else { nil }
  }

  /// Takes no more connections, lets handlers end, ends channels, closes all connections.
  public func stop() async {
    await withCheckedContinuation { continuation in
      // Blocks for the grace and for libmicrohttpd's threads.
      BackgroundThread(named: "http-stop") { [core, address] in
        core.stop()
        if case .unix(let path) = address { unlink(path) }
        continuation.resume()
      }.start()
    }
  }
}
