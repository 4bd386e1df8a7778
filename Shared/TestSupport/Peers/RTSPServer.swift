internal import Subprocess

/// An RTSP server on the loopback interface, by GStreamer (scripts/rtsp-server.py): a show in real time,
/// once, for all who come. Whoever comes later finds it where it is.
public final class RTSPServer: Sendable {
  /// Without a login.
  public let url: String
  public let port: UInt16
  /// The certificate's file, where it speaks TLS; it is its own authority.
  public let certificate: String?
  private let process: PeerProcess
  private let files: TemporaryFolder

  private init(
    _ process: PeerProcess, port: UInt16, certificate: String?, files: TemporaryFolder
  ) {
    self.process = process
    self.port = port
    self.certificate = certificate
    self.files = files
    url = "\(certificate == nil ? "rtsp" : "rtsps")://127.0.0.1:\(port)/show"
  }

  /// `show`: an MP4 file of H.264 and AAC with its index at the front.
  public static func start(
    _ show: String, hasPicture: Bool = true, login: (user: String, password: String)? = nil,
    isEncrypted: Bool = false
  ) async throws -> RTSPServer {
    let port = try LoopbackPort.free()
    let files = try TemporaryFolder()
    var arguments = ["\(PeerTools.package)/scripts/rtsp-server.py", "\(port)", show]
    if !hasPicture { arguments += ["--tracks", "sound"] }
    if let login { arguments += ["--login", login.user, login.password] }
    var certificate: String?
    if isEncrypted {
      let made = try await ServerCertificate.make(in: files)
      arguments += ["--tls", made.path, made.key]
      certificate = made.path
    }
    // Debian's own, which is the one that knows Debian's GStreamer.
    let command = PeerProcess.tailed(ChildCommand(try requires(.debianPython), arguments))
    let process = try await PeerProcess.start(command, listeningOn: port)
    return RTSPServer(process, port: port, certificate: certificate, files: files)
  }

  public func stop() async { await process.child.stop(.kill) }
}
