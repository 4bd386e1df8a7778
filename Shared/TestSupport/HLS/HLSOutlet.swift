internal import Base
public import HTTPServer
internal import Synchronization

/// An HTTP server on one port of the loopback interface that can be away for a while: connections
/// are refused then, as when a station's server is down.
public final class HLSOutlet: Sendable {
  public let port: UInt16
  private let handler: Server.Handler
  private let server: Mutex<Server?>

  public init(_ handler: @escaping Server.Handler) throws {
    port = try LoopbackPort.free()
    self.handler = handler
    server = Mutex(try HLSOutlet.open(port, handler))
  }

  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  /// Refuses connections until `comeBack`.
  public func goAway() async {
    let running = server.withLock { server in
      defer { server = nil }
      return server
    }
    await running?.stop()
  }

  public func comeBack() throws {
    let isAway = server.withLock { $0 == nil }
    guard isAway else { return }
    let opened = try HLSOutlet.open(port, handler)
    server.withLock { $0 = opened }
  }

  private static func open(_ port: UInt16, _ handler: @escaping Server.Handler) throws -> Server {
    var configuration = Server.Configuration(.tcp(host: "127.0.0.1", port: port))
    configuration.grace = .milliseconds(200)
    return try Server(configuration, handler: handler)
  }
}
