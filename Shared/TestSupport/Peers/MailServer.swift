internal import Base
public import Subprocess

/// A mail server on the loopback interface, by aiosmtpd (scripts/mail-server.py), that keeps what it
/// is sent and misbehaves on demand.
public final class MailServer: Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    case accept
    /// Turns every recipient away for good (550).
    case refuse
    /// Turns each mail away for now (451).
    case busy
    /// Answers nothing to a mail's end.
    case stall
    /// Keeps the mail and closes the connection without an answer.
    case forget
    /// Closes the connection as soon as it is greeted.
    case hangUp = "hang-up"
  }

  /// How it speaks TLS. Its certificate is for `localhost` and its own authority.
  public enum Security: Sendable { case none, startTLS, implicit }

  public let port: UInt16
  /// The certificate's file, where it speaks TLS; it is its own authority.
  public let certificate: String
  private let files: TemporaryFolder
  private let process: PeerProcess

  private init(_ process: PeerProcess, port: UInt16, files: TemporaryFolder) {
    self.process = process
    self.port = port
    self.files = files
    certificate = files("cert.pem")
  }

  /// `files` and `port` of an earlier one let a test start the same server again.
  public static func start(
    security: Security = .none, login: (user: String, password: String)? = nil,
    port: UInt16? = nil, keeping files: TemporaryFolder? = nil
  ) async throws -> MailServer {
    let python = try PeerTools.python
    let files = try files ?? TemporaryFolder()
    let port = try port ?? LoopbackPort.free()
    var arguments = [
      "\(PeerTools.package)/scripts/mail-server.py", "\(port)", files("mail"), "--mode",
      files("mode"),
    ]
    if security != .none {
      let made = try await ServerCertificate.make(in: files)
      arguments += ["--tls", made.path, made.key]
    }
    if security == .implicit { arguments.append("--implicit") }
    if let login { arguments += ["--login", login.user, login.password] }
    let process = try await PeerProcess.start(
      PeerProcess.tailed(ChildCommand(python, arguments)), listeningOn: port)
    return MailServer(process, port: port, files: files)
  }

  /// Holds from its next decision on.
  public func set(_ mode: Mode) throws { try files.file("mode", mode.rawValue) }

  /// The mails that were kept, the oldest first, as they came with the lines that the server adds
  /// (`X-Envelope-To`, `X-Transport`).
  public func mails() throws -> [String] {
    try TemporaryFolder.names(in: files("mail/new")).map { try files.text("mail/new/\($0)") }
  }

  /// For signals and the process id.
  public var child: ChildProcess { process.child }

  public var log: String { process.child.errorText }

  public func kill() async { await process.child.stop(.kill) }

  /// Kills it and starts it again where it was, with the mails that it has.
  public func restarted() async throws -> MailServer {
    await kill()
    return try await MailServer.start(port: port, keeping: files)
  }
}
