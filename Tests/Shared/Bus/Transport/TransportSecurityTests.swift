import Base
import CZmq
import TestSupport
import Testing

@testable import Bus

@Suite("Packets over TCP with CURVE", .timeLimit(.minutes(2)))
struct TransportSecurityTests {
  let serverKeys: CurveIdentity
  let workerKeys: CurveIdentity

  init() throws {
    serverKeys = try CurveIdentity.generate()
    workerKeys = try CurveIdentity.generate()
  }

  private func startServer(allowing keys: [NodeID: CurvePublicKey]) throws -> TransportProbe {
    let probe = try TransportProbe(
      TransportSettings(
        node: .scheduler, bind: Endpoints(inbox: "tcp://127.0.0.1:*", outbox: "tcp://127.0.0.1:*"),
        curve: serverKeys, allowedKeys: try KeyRing(keys)))
    try probe.start()
    return probe
  }

  private func startWorker(
    _ node: NodeID = .recorder1, _ identity: CurveIdentity? = nil, of server: TransportProbe,
    expecting key: CurvePublicKey? = nil
  ) throws -> TransportProbe {
    let probe = try TransportProbe(
      TransportSettings(
        node: node, peers: [.scheduler: try #require(server.transport.boundEndpoints)],
        curve: identity ?? workerKeys,
        allowedKeys: try KeyRing([.scheduler: key ?? serverKeys.publicKey])))
    try probe.start()
    return probe
  }

  @Test("An authorized node gets in, and its packets carry its proven name")
  func authorized() async throws {
    let server = try startServer(allowing: [.recorder1: workerKeys.publicKey])
    let worker = try startWorker(of: server)
    try await worker.waitFor(.connected(.scheduler))
    try await server.waitFor(.followed(topic: "node/recorder-1"))
    #expect(worker.push("hello", to: .scheduler))
    try await eventually("the packets arrive") { server.texts == ["hello"] }
    #expect(server.publish("welcome", Topic.node(.recorder1)))
    try await eventually("the packets arrive") { worker.texts == ["welcome"] }
    let source = try #require(server.sources.first)
    #expect(source == .inbox(authenticated: .recorder1))
    #expect(source.allows(sender: .recorder1))
    #expect(!source.allows(sender: .recorder10), "a forged sender must be refused")
    #expect(worker.sources == [.outbox(of: .scheduler)])
    #expect(PacketSource.outbox(of: .scheduler).allows(sender: .scheduler))
    #expect(!PacketSource.outbox(of: .scheduler).allows(sender: .recorder1))
    worker.stop()
    server.stop()
  }

  @Test("An unknown key is refused, both sides are told, and it gets in once it is authorized")
  func unknownKey() async throws {
    let server = try startServer(allowing: [:])
    let worker = try startWorker(of: server)
    let key = workerKeys.publicKey.text
    try await eventually("both sides are told") {
      server.failures(with: nil).contains { $0.contains(key) }
        && worker.failures(with: .scheduler).contains { $0.contains("does not accept our key") }
    }
    #expect(!worker.push("let me in", to: .scheduler))
    #expect(server.received == 0 && !worker.links.contains(.connected(.scheduler)))
    server.transport.replaceAllowedKeys(try KeyRing([.recorder1: workerKeys.publicKey]))
    try await worker.waitFor(.connected(.scheduler))
    #expect(worker.push("thank you", to: .scheduler))
    try await eventually("the packets arrive") { server.texts == ["thank you"] }
    worker.stop()
    server.stop()
  }

  @Test("A server with another key than the listed one is not talked to, and that is told")
  func wrongServerKey() async throws {
    let server = try startServer(allowing: [.recorder1: workerKeys.publicKey])
    let other = try CurveIdentity.generate().publicKey
    let worker = try startWorker(of: server, expecting: other)
    try await eventually("both sides are told") {
      !worker.failures(with: .scheduler).isEmpty && !server.failures(with: nil).isEmpty
    }
    #expect(!worker.push("hello", to: .scheduler))
    #expect(server.received == 0 && !worker.links.contains(.connected(.scheduler)))
    worker.transport.replaceAllowedKeys(try KeyRing([.scheduler: serverKeys.publicKey]))
    try await worker.waitFor(.connected(.scheduler))
    worker.stop()
    server.stop()
  }

  @Test("A peer without CURVE is refused, and that is told")
  func plainPeer() async throws {
    let server = try startServer(allowing: [.recorder1: workerKeys.publicKey])
    let context = try ZmqContext()
    let plain = try context.makeSocket(.push)
    try plain.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try plain.connect(try #require(server.transport.boundEndpoints).inbox)
    _ = try plain.send([Array("hello".utf8)])
    try await eventually("it is told") {
      // Which of the two it is depends on who hangs up first.
      server.failures(with: nil).contains {
        $0.contains("uses CURVE keys") || $0.contains("without CURVE keys")
      }
    }
    #expect(server.received == 0)
    plain.close()
    server.stop()
  }

  @Test("A revoked key is cut off while it is connected; the others join again")
  func revoked() async throws {
    let otherKeys = try CurveIdentity.generate()
    let server = try startServer(allowing: [
      .recorder1: workerKeys.publicKey, .recorder10: otherKeys.publicKey,
    ])
    let worker = try startWorker(of: server)
    let other = try startWorker(.recorder10, otherKeys, of: server)
    try await worker.waitFor(.connected(.scheduler))
    try await other.waitFor(.connected(.scheduler))
    server.transport.replaceAllowedKeys(try KeyRing([.recorder10: otherKeys.publicKey]))
    try await worker.waitFor(.disconnected(.scheduler))
    try await eventually("it is told") { !worker.failures(with: .scheduler).isEmpty }
    try await other.waitFor(.connected(.scheduler), count: 2)
    #expect(!worker.push("still me", to: .scheduler))
    #expect(other.push("I may", to: .scheduler))
    try await eventually("the packets arrive") { server.texts == ["I may"] }
    // Whether the new subscription is seen depends on whether the old one's end was seen before.
    try await eventually("the other one hears again") {
      _ = server.publish("news", Topic.node(.recorder10))
      return other.texts.contains("news")
    }
    #expect(!server.publish("secret", Topic.node(.recorder1)))
    for probe in [worker, other, server] { probe.stop() }
  }

  @Test("A dialled peer whose key is revoked is left, and joined again when it is back")
  func revokedServer() async throws {
    let server = try startServer(allowing: [.recorder1: workerKeys.publicKey])
    let worker = try startWorker(of: server)
    try await worker.waitFor(.connected(.scheduler))
    worker.transport.replaceAllowedKeys(KeyRing())
    try await worker.waitFor(.disconnected(.scheduler))
    #expect(!worker.push("hello", to: .scheduler))
    #expect(worker.failures(with: .scheduler).count == 1)
    worker.transport.replaceAllowedKeys(try KeyRing([.scheduler: serverKeys.publicKey]))
    try await worker.waitFor(.connected(.scheduler), count: 2)
    worker.stop()
    server.stop()
  }

  @Test("With the ZAP handler stopped nobody gets in, not even with an authorized key")
  func handlerStopped() throws {
    let context = try ZmqContext()
    let authenticator = try ZapAuthenticator(
      in: context, keys: try KeyRing([.recorder1: workerKeys.publicKey]))
    let inbox = try context.makeSocket(.pull)
    try inbox.configure(highWater: 10, security: .curveServer(serverKeys))
    let monitor = try SocketMonitor(inbox, in: context)
    try inbox.bind("tcp://127.0.0.1:*")
    let endpoint = try inbox.lastEndpoint()
    func sendFromNewClient() throws -> (message: ZmqSocket.Message?, failure: HandshakeFailure?) {
      let client = try context.makeSocket(.push)
      defer { client.close() }
      try client.configure(
        highWater: 10, security: .curveClient(workerKeys, peer: serverKeys.publicKey))
      try client.connect(endpoint)
      var isSent = false
      let end = ContinuousClock.now + .seconds(10)
      while ContinuousClock.now < end {
        var poller = ZmqPoller()
        authenticator.register(in: &poller)
        try poller.wait(for: .milliseconds(2))
        #expect(try authenticator.serve(poller).isEmpty)
        if !isSent, case .yes = try client.send([[1]]) { isSent = true }
        if let message = try inbox.receive(wantsUserID: true) { return (message, nil) }
        if case .handshakeFailed(let failure)? = try monitor.next() { return (nil, failure) }
      }
      return (nil, nil)
    }
    let first = try sendFromNewClient()
    #expect(first.message?.frames == [[1]] && first.message?.userID == workerKeys.publicKey.text)
    authenticator.close()
    let second = try sendFromNewClient()
    #expect(second.message == nil)
    #expect(second.failure?.reason.contains("no ZAP handler") == true)
    monitor.close()
    inbox.close()
  }
}
