internal import Subprocess

/// nginx's stream module as a TLS terminator before a server of this machine: the same port, encrypted.
public final class TLSTerminator: Sendable {
  public let port: UInt16
  /// What a client must trust.
  public let certificate: String
  private let process: PeerProcess
  private let files: TemporaryFolder

  private init(_ process: PeerProcess, port: UInt16, certificate: String, files: TemporaryFolder) {
    self.process = process
    self.port = port
    self.certificate = certificate
    self.files = files
  }

  /// `name`: whom its certificate is for.
  public static func start(
    before target: UInt16, name: String = "localhost"
  ) async throws -> TLSTerminator {
    let program = try requires(.nginx)
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    guard Tool.isThere(module) else {
      throw TestFailure(
        "this test needs the Debian package 'libnginx-mod-stream': run scripts/setup --tests")
    }
    let port = try LoopbackPort.free()
    let files = try TemporaryFolder()
    let certificate = try await ServerCertificate.make(in: files, for: name)
    let configuration = try files.file(
      "nginx.conf",
      """
      load_module \(module);
      daemon off;
      master_process off;
      pid \(files("nginx.pid"));
      events { worker_connections 64; }
      stream {
        server {
          listen 127.0.0.1:\(port) ssl;
          ssl_certificate \(certificate.path);
          ssl_certificate_key \(certificate.key);
          proxy_pass 127.0.0.1:\(target);
        }
      }
      """)
    let process = try await PeerProcess.start(
      PeerProcess.tailed(
        ChildCommand(program, ["-c", configuration, "-p", files.path, "-e", "stderr"])),
      listeningOn: port)
    return TLSTerminator(process, port: port, certificate: certificate.path, files: files)
  }

  public func stop() async { await process.child.stop(.kill) }
}
