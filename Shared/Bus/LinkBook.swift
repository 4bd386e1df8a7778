internal import Base

/// What is known of the connections, for the status page.
struct LinkBook {
  private var connected: Set<NodeID> = []
  private var heardAt: [NodeID: Instant] = [:]
  private var faults: [NodeID: String] = [:]

  mutating func note(_ event: LinkEvent) {
    switch event {
    case .connected(let peer):
      connected.insert(peer)
      faults[peer] = nil
    case .disconnected(let peer): connected.remove(peer)
    case .handshakeFailed(let peer?, let reason): faults[peer] = reason
    case .handshakeFailed(nil, _), .followed, .abandoned, .bindFailed, .failed: break
    }
  }

  mutating func heard(_ peer: NodeID, at now: Instant) { heardAt[peer] = now }

  /// The configured peers, and all others that were heard.
  func peers(_ configured: [NodeID]) -> [BusStatus.Peer] {
    Set(configured).union(heardAt.keys).sorted().map { node in
      BusStatus.Peer(
        node: node, isDialled: configured.contains(node), isConnected: connected.contains(node),
        heardAt: heardAt[node], fault: faults[node])
    }
  }
}
