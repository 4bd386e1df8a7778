import Base
import Messages
import TestSupport

/// A real OpenSSH server that takes the installation's key, known to it as the destination
/// `archive`.
struct Archive: Sendable {
  struct Input: Encodable, Sendable {
    var id = "archive"
    var name = "The archive"
    var host = "127.0.0.1"
    var port: Int
    var user: String
    var folder: String
    var hostKey: String?
  }

  let server: OpenSSHServer

  /// Starts the server and tells the installation of it, the host key confirmed.
  static func start(for client: RESTClient) async throws -> Archive {
    let server = try await OpenSSHServer.start(authorizedKey: try await client.publicKey())
    let archive = Archive(server: server)
    try await client.post("/api/v1/destinations", archive.input())
    return archive
  }

  func input() -> Input {
    Input(
      port: Int(server.port), user: server.user, folder: server.folder,
      hostKey: server.hostFingerprint)
  }

  /// Everything that lies there, hidden files too.
  var files: [String] { Files.all(in: server.folder) }
}
