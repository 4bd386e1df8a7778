internal import Base
internal import Glibc
public import Subprocess

/// An OpenSSH server on the loopback interface that lets one key in, to SFTP only, as an ordinary
/// user (`daemon` when the tests run as root).
public final class OpenSSHServer: Sendable {
  public let port: UInt16
  public let user: String
  /// What the user may write to; SFTP starts here.
  public let folder: String
  /// The host key's fingerprint as OpenSSH shows it: `SHA256:…`.
  public let hostFingerprint: String
  private let files: TemporaryFolder
  private let process: PeerProcess

  private init(
    _ process: PeerProcess, port: UInt16, user: String, hostFingerprint: String,
    files: TemporaryFolder
  ) {
    self.process = process
    self.port = port
    self.user = user
    self.hostFingerprint = hostFingerprint
    self.files = files
    folder = files("remote")
  }

  /// `authorizedKey` is a line as in `id_ed25519.pub`. `hostKeyType` is as for ssh-keygen; `rsa`
  /// makes a server that libssh2 1.10 cannot talk to.
  public static func start(
    authorizedKey: String, hostKeyType: String = "ed25519", port: UInt16? = nil,
    extraLines: [String] = []
  ) async throws -> OpenSSHServer {
    let program = try requires(.sshd)
    let files = try TemporaryFolder()
    let hostKey = files("host_key")
    try await makeKey(at: hostKey, type: hostKeyType)
    try files.file("authorized_keys", authorizedKey + "\n")
    try files.folder("remote")
    try PeerProcess.handOver(hostKey)
    try PeerProcess.handOver(files("remote"))
    // After the keys: an RSA key takes seconds, in which somebody else may take a free port.
    let port = try port ?? LoopbackPort.free()
    let configuration = try files.file(
      "sshd_config",
      text(port: port, files: files, extraLines: extraLines))
    let command = try PeerProcess.unprivileged(program, ["-D", "-e", "-f", configuration])
    let process = try await PeerProcess.start(command, listeningOn: port)
    return OpenSSHServer(
      process, port: port, user: userName(), hostFingerprint: try await fingerprint(of: hostKey),
      files: files)
  }

  /// Makes a key pair without a passphrase and returns the public line.
  @discardableResult
  public static func makeKey(at path: String, type: String = "ed25519") async throws -> String {
    _ = try await keygen(["-q", "-t", type, "-N", "", "-C", "test", "-f", path])
    return String(decoding: try DurableFile.read(path + ".pub"), as: UTF8.self)
      .split(separator: "\n").joined()
  }

  /// For signals (SIGSTOP) and the process id.
  public var child: ChildProcess { process.child }

  /// What the server logged, the last 64 KiB.
  public var log: String { process.child.errorText }

  public func kill() async { await process.child.stop(.kill) }

  private static func fingerprint(of key: String) async throws -> String {
    let words = try await keygen(["-l", "-E", "sha256", "-f", key + ".pub"]).split(separator: " ")
    guard words.count > 1 else { throw TestFailure("ssh-keygen -l said nothing") }
    return String(words[1])
  }

  private static func keygen(_ arguments: [String]) async throws -> String {
    let run = try await ChildProcess.run(
      ChildCommand(try requires(.sshKeygen), arguments), timeout: .seconds(60))
    guard run.exit.isSuccess else {
      throw TestFailure("ssh-keygen \(run.exit): \(run.errorText)")
    }
    return run.text
  }

  private static func userName() -> String {
    accountName(of: geteuid() == 0 ? PeerProcess.ordinaryUser : geteuid())
  }

  private static func text(port: UInt16, files: TemporaryFolder, extraLines: [String]) -> String {
    let lines = [
      "ListenAddress 127.0.0.1",
      "Port \(port)",
      "HostKey \(files("host_key"))",
      "PidFile none",
      "AuthorizedKeysFile \(files("authorized_keys"))",
      "PubkeyAuthentication yes",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      // The temporary folder's parents may be writable by all.
      "StrictModes no",
      "MaxStartups 100",
      "Subsystem sftp internal-sftp -d \(files("remote"))",
      "LogLevel VERBOSE",
    ]
    return (lines + extraLines).joined(separator: "\n") + "\n"
  }
}
