import Base
import Glibc
import Subprocess
import TestSupport
import Testing

/// The peers that other tests lean on, each shown to work by a client that is not ours.
@Suite("The test peers")
struct PeersTests {
  @Test("Icecast takes a source and serves it")
  func icecast() async throws {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(.mp3, to: server, mount: "tone.mp3")
    let probe = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        [
          "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0",
          server.url("tone.mp3"),
        ]
      ), timeout: .seconds(60))
    #expect(probe.text == "mp3\n", "\(probe.errorText)")
    await source.stop()
    await server.kill()
    #expect(!LoopbackPort.isListening(server.port))
  }

  @Test("OpenSSH lets the key in and stores a file")
  func openSSH() async throws {
    let folder = try TemporaryFolder()
    let publicLine = try await OpenSSHServer.makeKey(at: folder("key"))
    let server = try await OpenSSHServer.start(authorizedKey: publicLine)
    #expect(server.hostFingerprint.hasPrefix("SHA256:"))
    let upload = try await sftp(server, key: folder("key"), commands: "put /etc/hostname sent\n")
    #expect(upload.exit.isSuccess, "\(upload.errorText) \(server.log)")
    #expect(try DurableFile.read(server.folder + "/sent") == DurableFile.read("/etc/hostname"))

    _ = try await OpenSSHServer.makeKey(at: folder("other"))
    let refused = try await sftp(server, key: folder("other"), commands: "ls\n")
    #expect(!refused.exit.isSuccess)
  }

  @Test("nginx serves a folder")
  func nginx() async throws {
    let server = try await NginxServer.start()
    try DurableFile.write(Array("hello".utf8), to: server.folder + "/a.txt", mode: 0o644)
    let fetched = try await ChildProcess.run(
      ChildCommand(
        try requires(Tool("curl", package: "curl")), ["-sf", "-r", "1-3", server.url("a.txt")]),
      timeout: .seconds(20))
    #expect(fetched.text == "ell", "\(fetched.exit) \(fetched.errorText)")
  }

  @Test("a missing tool is named with its package")
  func missingTool() {
    let error = #expect(throws: TestFailure.self) {
      try requires(Tool("no-such-tool", package: "its-package"))
    }
    #expect(
      error?.description.contains("'no-such-tool' of the Debian package 'its-package'") == true)
  }

  @Test("a temporary folder goes with its last reference")
  func folder() throws {
    var folder: TemporaryFolder? = try TemporaryFolder()
    let path = try #require(folder?.path)
    try folder?.file("a/b/c", "text")
    #expect(chmod(path + "/a", 0o500) == 0)
    folder = nil
    #expect(access(path, F_OK) != 0)
  }

  private func sftp(
    _ server: OpenSSHServer, key: String, commands: String
  ) async throws -> ChildRun {
    try await ChildProcess.run(
      ChildCommand(
        try requires(Tool("sftp", package: "openssh-client")),
        [
          "-q", "-b", "-", "-i", key, "-P", "\(server.port)", "-o", "StrictHostKeyChecking=no",
          "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-F", "none",
          "\(server.user)@127.0.0.1",
        ]), input: Array(commands.utf8), timeout: .seconds(30))
  }
}
