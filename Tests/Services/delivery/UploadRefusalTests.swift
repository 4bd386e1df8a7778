import Base
import Glibc
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("An upload that cannot be")
struct UploadRefusalTests {
  @Test("does not trust a server whose key nobody confirmed, and shows the key")
  func unknownHostKey() async throws {
    let site = try await RemoteSite.start()
    var endpoint = site.endpoint()
    endpoint.hostKey = nil
    let error = try await site.failure(try site.upload([1]), to: endpoint)
    #expect(error.kind == .hostKeyUnknown)
    #expect(error.fingerprint == site.server.hostFingerprint)
    #expect(error.reason.contains(site.server.hostFingerprint))
    #expect(site.names.isEmpty)
  }

  @Test("fails hard when the server shows another key than the confirmed one")
  func changedHostKey() async throws {
    let site = try await RemoteSite.start()
    var endpoint = site.endpoint()
    endpoint.hostKey = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    let error = try await site.failure(try site.upload([1]), to: endpoint)
    #expect(error.kind == .hostKeyChanged)
    #expect(error.fingerprint == site.server.hostFingerprint)
    #expect(site.names.isEmpty)
  }

  @Test("accepts the confirmed key even when the server shows its other one first")
  func secondHostKey() async throws {
    let files = try TemporaryFolder()
    try await OpenSSHServer.makeKey(at: files("second"))
    chmod(files("second"), 0o600)
    if geteuid() == 0 { chown(files("second"), 65534, 65534) }
    let site = try await RemoteSite.start(
      hostKeyType: "ecdsa", extraLines: ["HostKey \(files("second"))"])
    _ = try await site.run(try site.upload([1, 2, 3]))
    #expect(site.names == ["show.mp3"])
  }

  @Test("says what to do where the server has only an RSA host key")
  func rsaOnly() async throws {
    let site = try await RemoteSite.start(hostKeyType: "rsa")
    let error = try await site.failure(try site.upload([1]))
    #expect(error.kind == .unsupportedServer)
    #expect(error.reason.contains("ssh-keygen -A"))
  }

  @Test("says what to do where the server does not know our key")
  func wrongKey() async throws {
    let site = try await RemoteSite.start()
    var endpoint = site.endpoint()
    endpoint.privateKeyPath = site.files("other")
    try await OpenSSHServer.makeKey(at: endpoint.privateKeyPath)
    let error = try await site.failure(try site.upload([1]), to: endpoint)
    #expect(error.kind == .authentication)
    #expect(error.reason.contains("authorized_keys"))
  }

  @Test("says what to do where our own key is gone")
  func missingIdentity() async throws {
    let site = try await RemoteSite.start()
    var endpoint = site.endpoint()
    endpoint.privateKeyPath = site.files("none")
    #expect(try await site.failure(try site.upload([1]), to: endpoint).kind == .identity)
  }

  @Test("says what to do where the folder may not be written")
  func permissionDenied() async throws {
    let site = try await RemoteSite.start()
    chmod(site.server.folder, 0o555)
    let error = try await site.failure(try site.upload([1]))
    chmod(site.server.folder, 0o755)
    #expect(error.kind == .permission)
    #expect(site.names.isEmpty)
  }

  @Test("does not even connect when the source is gone")
  func missingSource() async throws {
    let site = try await RemoteSite.start()
    let proxy = try ChaosProxy(to: site.server.port)
    let upload = try site.upload([1])
    unlink(upload.source)
    let error = try await site.failure(upload, to: site.endpoint(through: proxy.port))
    #expect(error.kind == .missingSource)
    #expect(proxy.connections == 0)
  }

  @Test("sends nothing when the source is not what was recorded")
  func changedSource() async throws {
    let site = try await RemoteSite.start()
    var upload = try site.upload([1])
    upload.expectedHash = hexadecimal(SHA256.hash([2]))
    #expect(try await site.failure(upload).kind == .sourceChanged)
    #expect(site.names.isEmpty)
  }

  @Test("never publishes a source that became shorter under way")
  func shrinkingSource() async throws {
    let site = try await RemoteSite.start()
    let upload = try site.upload(RemoteSite.content(20_000_000))
    let error = try await site.failure(upload) { event in
      if case .reached(.partialReady) = event { truncate(upload.source, 1_000_000) }
    }
    #expect(error.kind == .sourceChanged)
    #expect(!site.names.contains("show.mp3"))
  }

  @Test("a source removed under way is still sent whole")
  func removedSource() async throws {
    let site = try await RemoteSite.start()
    let bytes = RemoteSite.content(20_000_000)
    let upload = try site.upload(bytes)
    _ = try await site.run(upload) { event in
      if case .reached(.partialReady) = event { unlink(upload.source) }
    }
    #expect(try site.remote("show.mp3") == bytes)
  }

  @Test("tells a closed port, a silent server and a name that does not exist apart")
  func unreachable() async throws {
    var timeouts = SSHTimeouts()
    timeouts.handshake = .milliseconds(300)
    let site = try await RemoteSite.start(timeouts: timeouts)
    let upload = try site.upload([1])
    var endpoint = site.endpoint(through: try LoopbackPort.free())
    #expect(try await site.failure(upload, to: endpoint).kind == .unreachable)
    endpoint.host = "no-such-host.invalid"
    #expect(try await site.failure(upload, to: endpoint).kind == .unreachable)
    let silent = try ChaosProxy(to: site.server.port, fault: .stallAfterSent(0))
    #expect(
      try await site.failure(upload, to: site.endpoint(through: silent.port)).kind == .timeout)
  }

  @Test("finds the server at either address of a name")
  func eitherFamily() async throws {
    let site = try await RemoteSite.start()
    var endpoint = site.endpoint()
    // `localhost` is ::1 as well on most hosts, and this server listens on 127.0.0.1 only.
    endpoint.host = "localhost"
    _ = try await site.run(try site.upload([1]), to: endpoint)
    #expect(site.names == ["show.mp3"])
  }
}
