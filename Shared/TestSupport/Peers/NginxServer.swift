public import Subprocess

/// An nginx on the loopback interface that serves one folder, with ranges and validators as nginx
/// makes them.
public final class NginxServer: Sendable {
  public let port: UInt16
  /// What it serves.
  public let folder: String
  private let files: TemporaryFolder
  private let process: PeerProcess

  private init(_ process: PeerProcess, port: UInt16, folder: String, files: TemporaryFolder) {
    self.process = process
    self.port = port
    self.folder = folder
    self.files = files
  }

  /// Serves a folder of its own, or the one that is given. `serverLines` go into the `server` block.
  public static func start(
    serving folder: String? = nil, serverLines: [String] = []
  ) async throws -> NginxServer {
    let program = try requires(.nginx)
    let port = try LoopbackPort.free()
    let files = try TemporaryFolder()
    let folder = try folder ?? files.folder("www")
    let configuration = try files.file(
      "nginx.conf", text(port: port, folder: folder, files: files, serverLines: serverLines))
    let command = PeerProcess.tailed(
      ChildCommand(program, ["-c", configuration, "-p", files.path, "-e", "stderr"]))
    let process = try await PeerProcess.start(command, listeningOn: port)
    return NginxServer(process, port: port, folder: folder, files: files)
  }

  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  public var child: ChildProcess { process.child }

  public func kill() async { await process.child.stop(.kill) }

  private static func text(
    port: UInt16, folder: String, files: TemporaryFolder, serverLines: [String]
  ) -> String {
    let bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "  \($0)_temp_path \(files("tmp-" + $0));" }.joined(separator: "\n")
    // One process without a master, so that nothing outlives it.
    return """
      daemon off;
      master_process off;
      pid \(files("nginx.pid"));
      events { worker_connections 1024; }
      http {
        access_log off;
        types {
          audio/mpeg mp3;
          application/vnd.apple.mpegurl m3u8;
          video/mp2t ts;
          text/xml xml;
          application/json json;
        }
        default_type application/octet-stream;
      \(bodies)
        server {
          listen 127.0.0.1:\(port);
          root \(folder);
      \(serverLines.map { "    \($0)" }.joined(separator: "\n"))
        }
      }
      """
  }
}
