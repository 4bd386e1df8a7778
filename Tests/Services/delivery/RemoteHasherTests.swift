import Base
import Glibc
import Subprocess
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("The hash at the far end")
struct RemoteHasherTests {
  @Test("is taken by a command where the account may run one")
  func byCommand() async throws {
    let site = try await ShellSite.start()
    let receipt = try await site.run(name: "show.mp3")
    #expect(receipt.hashMethod == .remoteCommand)
  }

  @Test("is taken by reading back where the command cannot be run")
  func byReadingBack() async throws {
    let site = try await RemoteSite.start(extraLines: ["ForceCommand internal-sftp"])
    let receipt = try await site.run(try site.upload(RemoteSite.content(100_000)))
    #expect(receipt.hashMethod == .readBack)
  }

  @Test(
    "is read back where the command's answer cannot be trusted",
    arguments: [
      "echo 0000000000000000000000000000000000000000000000000000000000000000 -", "echo welcome",
      "exit 1", "yes | head -c 100000",
    ])
  func liars(command: String) async throws {
    let site = try await ShellSite.start(forced: command)
    let receipt = try await site.run(name: "show.mp3")
    #expect(receipt.hashMethod == .readBack)
  }

  @Test("survives a command that never ends")
  func hangingCommand() async throws {
    var timeouts = SSHTimeouts()
    timeouts.hash = .milliseconds(300)
    let site = try await ShellSite.start(forced: "sleep 600", timeouts: timeouts)
    let receipt = try await site.run(name: "show.mp3")
    #expect(receipt.hashMethod == .readBack)
  }

  @Test(
    "is cut out of the command's line",
    arguments: [
      (String(repeating: "0a", count: 32) + "  -\n", true),
      (String(repeating: "0a", count: 32), false),
      (String(repeating: "0A", count: 32) + "  -\n", false),
      (String(repeating: "0a", count: 31) + "  -\n", false), ("", false),
    ])
  func parsed(line: String, isHash: Bool) {
    #expect((RemoteHasher.hash(in: Array(line.utf8)) != nil) == isHash)
  }
}

/// A server that runs as the tests' own user, whose account has a shell (the ordinary
/// `OpenSSHServer` runs as one without).
private struct ShellSite {
  let files: TemporaryFolder
  let endpoint: SSHEndpoint
  let child: ChildProcess
  let uploader: SFTPUploader

  /// Full of what a shell would act upon.
  static let folder = "it's $(here) \"now\" *"

  static func start(
    forced: String? = nil, timeouts: SSHTimeouts = SSHTimeouts()
  ) async throws -> ShellSite {
    let files = try TemporaryFolder()
    let key = try await OpenSSHServer.makeKey(at: files("id_ed25519"))
    try await OpenSSHServer.makeKey(at: files("host_key"))
    // As root, sshd asks for its chroot folder.
    if geteuid() == 0 { try Syscall.makeFolders("/run/sshd", mode: 0o755) }
    let port = try LoopbackPort.free()
    try files.file("authorized_keys", key + "\n")
    try files.folder(folder)
    // A forced command would replace SFTP as well, so it is put before the commands only.
    let command = forced.map {
      "ForceCommand case \"$SSH_ORIGINAL_COMMAND\" in sha256sum*) \($0) ;; *) "
        + "/usr/lib/openssh/sftp-server ;; esac"
    }
    let lines = [
      "ListenAddress 127.0.0.1", "Port \(port)", "HostKey \(files("host_key"))", "PidFile none",
      "AuthorizedKeysFile \(files("authorized_keys"))", "UsePAM no", "StrictModes no",
      "PermitRootLogin prohibit-password", "Subsystem sftp /usr/lib/openssh/sftp-server",
      command ?? "",
    ]
    let configuration = try files.file("sshd_config", lines.joined(separator: "\n") + "\n")
    let child = try await ChildProcess.start(
      ChildCommand(try requires(.sshd), ["-D", "-e", "-f", configuration]))
    try await eventually("sshd listens") { LoopbackPort.isListening(port) }
    return ShellSite(
      files: files,
      endpoint: SSHEndpoint(
        host: "127.0.0.1", port: Int(port), user: accountName(of: geteuid()),
        hostKey: try await fingerprint(files("host_key.pub")), privateKeyPath: files("id_ed25519")),
      child: child, uploader: SFTPUploader(named: "test-shell", timeouts: timeouts))
  }

  func run(name: String) async throws -> Receipt {
    let bytes = RemoteSite.content(100_000)
    let upload = Upload(
      delivery: .random(), source: try files.file("source", bytes), expectedHash: nil,
      folder: files(ShellSite.folder), name: name)
    let receipt = try await uploader.run(
      upload, to: endpoint, interruption: Interruption(), report: { _ in })
    #expect(try DurableFile.read(files("\(ShellSite.folder)/\(name)")) == bytes)
    return receipt
  }

  private static func fingerprint(_ path: String) async throws -> String {
    let run = try await ChildProcess.run(
      ChildCommand("ssh-keygen", ["-l", "-f", path]), timeout: .seconds(30))
    return String(try unwrap(run.text.split(separator: " ").dropFirst().first))
  }
}
