import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("The SSH identity")
struct SSHIdentityTests {
  @Test("is made once, for this user's eyes only, and stays the same")
  func madeOnce() async throws {
    let files = try TemporaryFolder()
    let first = try await SSHIdentity.open(in: files("keys"))
    #expect(first.publicKey.hasPrefix("ssh-ed25519 "))
    #expect(try mode(first.privateKeyPath) == 0o600)
    #expect(try mode(files("keys")) == 0o700)
    #expect(TemporaryFolder.names(in: files("keys")) == ["id_ed25519", "id_ed25519.pub"])
    #expect(try await SSHIdentity.open(in: files("keys")) == first)
  }

  @Test("gets its public line back from the private key")
  func lostPublicKey() async throws {
    let files = try TemporaryFolder()
    let first = try await SSHIdentity.open(in: files.path)
    unlink(first.privateKeyPath + ".pub")
    let second = try await SSHIdentity.open(in: files.path)
    let words = { (line: String) in line.split(separator: " ").prefix(2) }
    #expect(words(second.publicKey) == words(first.publicKey))
  }

  @Test("survives a crash between any two steps of its making")
  func halfMade() async throws {
    let files = try TemporaryFolder()
    try files.file("id_ed25519.pub", "ssh-ed25519 STRAY airloom\n")
    try files.file("id_ed25519.new", "half a key")
    let identity = try await SSHIdentity.open(in: files.path)
    #expect(!identity.publicKey.contains("STRAY"))
    let server = try await OpenSSHServer.start(authorizedKey: identity.publicKey)
    // The pair is a pair: a server that knows the public line lets the private key in.
    try await SFTPUploader(named: "test-identity").probe(
      SSHEndpoint(
        host: "127.0.0.1", port: Int(server.port), user: server.user,
        hostKey: server.hostFingerprint, privateKeyPath: identity.privateKeyPath),
      folder: server.folder, makesFolders: false, interruption: Interruption())
  }

  @Test("says what to do where its folder cannot be used")
  func unusableFolder() async throws {
    let files = try TemporaryFolder()
    try files.file("keys", "a file")
    await #expect {
      try await SSHIdentity.open(in: files("keys"))
    } throws: {
      ($0 as? DeliveryError)?.kind == .identity
    }
  }

  private func mode(_ path: String) throws -> mode_t {
    var status = stat()
    try Syscall.check("stat", path) { stat(path, &status) }
    return status.st_mode & 0o777
  }
}
