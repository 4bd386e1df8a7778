public import Base

/// What a node's transport is made from; checked as a whole before any socket is opened.
public struct TransportSettings: Sendable {
  public var node: NodeID
  /// Our own inbox and outbox; nil for a node that only dials (recorder, converter, gateway).
  public var bind: Endpoints?
  /// The peers whose inbox we push to and whose outbox we follow.
  public var peers: [NodeID: Endpoints]
  /// Our own key pair; needed as soon as one endpoint is TCP.
  public var curve: CurveIdentity?
  /// Who may come in over TCP, and what the peers that we dial over TCP must prove.
  public var allowedKeys: KeyRing

  public init(
    node: NodeID, bind: Endpoints? = nil, peers: [NodeID: Endpoints] = [:],
    curve: CurveIdentity? = nil, allowedKeys: KeyRing = KeyRing()
  ) {
    self.node = node
    self.bind = bind
    self.peers = peers
    self.curve = curve
    self.allowedKeys = allowedKeys
  }

  /// Throws the first thing that is wrong, in one sentence.
  func validate() throws(TransportError) {
    if let bind {
      for endpoint in [bind.inbox, bind.outbox] {
        if try EndpointAddress(parsing: endpoint).isTCP && curve == nil {
          throw TransportError(
            .keys,
            "The bus endpoint \(endpoint) is open to the network, which needs a CURVE key pair: "
              + "give the node its keys, or use ipc:// where all nodes run on one host.")
        }
      }
    }
    for (peer, endpoints) in peers.sorted(by: { $0.key < $1.key }) {
      for endpoint in [endpoints.inbox, endpoints.outbox] {
        try validate(endpoint, of: peer)
      }
    }
  }

  private func validate(_ endpoint: String, of peer: NodeID) throws(TransportError) {
    guard case .tcp(_, let port) = try EndpointAddress(parsing: endpoint) else { return }
    if port == "*" || port == "0" {
      throw TransportError(
        .endpoint, "The endpoint \(endpoint) of \(peer) must name the port that \(peer) listens on."
      )
    }
    if curve == nil {
      throw TransportError(
        .keys,
        "\(peer) is reached over the network at \(endpoint), which needs a CURVE key pair: "
          + "give this node its keys, or use ipc:// where all nodes run on one host.")
    }
    if allowedKeys.key(of: peer) == nil {
      throw TransportError(
        .keys,
        "The public key of \(peer) is not known here, so that \(endpoint) could be anybody: "
          + "add '\(peer) <public key>' to the authorized keys.")
    }
  }
}
