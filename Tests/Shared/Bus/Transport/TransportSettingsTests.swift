import Base
import Testing

@testable import Bus

@Suite("What a transport may be made from")
struct TransportSettingsTests {
  private func kind(_ settings: TransportSettings) -> TransportError.Kind? {
    do throws(TransportError) {
      _ = try ZmqTransport(settings)
      return nil
    } catch { return error.kind }
  }

  @Test(
    "Endpoints that nobody may use are refused by name",
    arguments: [
      "ipc://relative/path", "ipc://@abstract", "tcp://127.0.0.1", "tcp://:7001",
      "tcp://127.0.0.1:port", "udp://127.0.0.1:7001", "inproc://name", "",
      "ipc:///" + String(repeating: "x", count: 107),
    ])
  func badEndpoints(endpoint: String) {
    let endpoints = Endpoints(inbox: endpoint, outbox: "ipc:///tmp/x")
    #expect(kind(TransportSettings(node: .scheduler, bind: endpoints)) == .endpoint)
    #expect(kind(TransportSettings(node: .recorder1, peers: [.scheduler: endpoints])) == .endpoint)
  }

  @Test("TCP without keys is refused before anything is opened, bound or dialled")
  func noKeys() throws {
    let endpoints = Endpoints(inbox: "tcp://127.0.0.1:7001", outbox: "tcp://127.0.0.1:7002")
    let identity = try CurveIdentity.generate()
    #expect(kind(TransportSettings(node: .scheduler, bind: endpoints)) == .keys)
    let dialling = TransportSettings(node: .recorder1, peers: [.scheduler: endpoints])
    #expect(kind(dialling) == .keys)
    var withOwnKey = dialling
    withOwnKey.curve = identity
    #expect(kind(withOwnKey) == .keys, "the peer's key is missing")
    withOwnKey.allowedKeys = try KeyRing([.scheduler: identity.publicKey])
    #expect(kind(withOwnKey) == nil)
  }

  @Test("A peer cannot be dialled at a port that it is free to choose")
  func wildcardPeer() throws {
    let identity = try CurveIdentity.generate()
    let endpoints = Endpoints(inbox: "tcp://127.0.0.1:*", outbox: "tcp://127.0.0.1:7002")
    let settings = TransportSettings(
      node: .recorder1, peers: [.scheduler: endpoints], curve: identity,
      allowedKeys: try KeyRing([.scheduler: identity.publicKey]))
    #expect(kind(settings) == .endpoint)
  }

  @Test("A transport can be started once")
  func startedTwice() throws {
    let folder = try SocketFolder()
    let probe = try TransportProbe(.worker(in: folder))
    try probe.start()
    #expect(throws: TransportError.self) { try probe.start() }
    probe.stop()
    probe.stop()
    #expect(throws: TransportError.self) { try probe.start() }
  }

  @Test(
    "A topic's wire form ends so that no topic begins with another, and only it is read back",
    arguments: [
      ("all/", "all"), ("node/recorder-1/", "node/recorder-1"), ("all", nil), ("", nil), ("/", nil),
      ("node/", nil), ("node//", nil), ("node/Recorder/", nil), ("nodes/recorder-1/", nil),
      ("node/recorder-1/x/", nil),
    ] as [(String, String?)])
  func topics(wire: String, topic: String?) {
    #expect(Topic.parse(Array(wire.utf8)) == topic)
    if let topic { #expect(Topic.wireForm(topic) == Array(wire.utf8)) }
  }
}
