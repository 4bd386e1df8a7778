import Base
import Glibc
import Synchronization
import TestSupport

@testable import Bus

/// A started transport that remembers what came in.
final class TransportProbe: Sendable {
  let transport: ZmqTransport
  private let packets = Mutex<[(text: String, source: PacketSource)]>([])
  private let events = Mutex<[LinkEvent]>([])
  private let count = Mutex(0)

  init(_ settings: TransportSettings) throws {
    transport = try ZmqTransport(settings)
  }

  func start(keepingPackets: Bool = true) throws {
    try transport.start(
      onPacket: { [self] frames, source in
        count.withLock { $0 += 1 }
        guard keepingPackets else { return }
        let text = frames.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|")
        packets.withLock { $0.append((text, source)) }
      },
      onLink: { [self] event in events.withLock { $0.append(event) } })
  }

  func stop() { transport.stop() }

  var received: Int { count.withLock { $0 } }
  var texts: [String] { packets.withLock { $0.map(\.text) } }
  var sources: [PacketSource] { packets.withLock { $0.map(\.source) } }
  var links: [LinkEvent] { events.withLock { $0 } }

  /// The reasons told for failed handshakes with a peer, or with strangers.
  func failures(with peer: NodeID?) -> [String] {
    links.compactMap { event in
      if case .handshakeFailed(peer, let reason) = event { reason } else { nil }
    }
  }

  func waitFor(_ event: LinkEvent, count: Int = 1) async throws {
    try await eventually("\(event) has come \(count) times") {
      links.count { $0 == event } >= count
    }
  }

  func push(_ text: String, to peer: NodeID) -> Bool {
    transport.push([Array(text.utf8)], to: peer)
  }

  func publish(_ text: String, _ topic: String) -> Bool {
    transport.publish([Array(text.utf8)], topic: topic)
  }
}

/// A folder of mode 0750 that is removed with the object.
final class SocketFolder: Sendable {
  let path: String

  init() throws {
    path = "/tmp/airloom-bus-\(hexadecimal(randomBytes(6)))"
    try Syscall.makeFolders(path, mode: 0o750)
  }

  deinit {
    for name in ["scheduler", "delivery"] {
      for end in ["inbox", "outbox"] { unlink("\(path)/\(name).\(end)") }
    }
    rmdir(path)
  }

  func endpoints(_ node: NodeID) -> Endpoints { .ipc(of: node, in: path) }
}

extension NodeID {
  static let scheduler = NodeID(unchecked: "scheduler")
  static let recorder1 = NodeID(unchecked: "recorder-1")
  static let recorder10 = NodeID(unchecked: "recorder-10")
}

extension TransportSettings {
  static func bound(_ node: NodeID = .scheduler, in folder: SocketFolder) -> TransportSettings {
    TransportSettings(node: node, bind: folder.endpoints(node))
  }

  static func worker(
    _ node: NodeID = .recorder1, of peer: NodeID = .scheduler, in folder: SocketFolder
  ) -> TransportSettings {
    TransportSettings(node: node, peers: [peer: folder.endpoints(peer)])
  }
}
