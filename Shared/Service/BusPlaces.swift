internal import Base
internal import Bus
internal import Configuration

/// Where the nodes of this installation are reached, as `[bus]` of the settings says: by sockets in
/// the home folder, or, where a service is on another host, by TCP with CURVE keys.
struct BusPlaces {
  let settings: Settings.Bus
  let home: Home

  /// What one node needs to take its place. The first TCP endpoint has the node's key pair made.
  ///
  /// - Throws: `TransportError` where an address or the keys are wrong.
  func transport(
    of node: NodeID, service: String, binds: Bool, peers: [NodeID]
  ) throws -> TransportSettings {
    let bind = binds ? try place(of: node, address: address(of: service), isOwn: true) : nil
    var reached: [NodeID: Endpoints] = [:]
    for peer in peers {
      reached[peer] = try place(of: peer, address: address(of: peer.text), isOwn: false)
    }
    let needsKeys = ([bind].compactMap { $0 } + reached.values).contains {
      $0.inbox.hasPrefix("tcp://")
    }
    guard needsKeys else {
      return TransportSettings(node: node, bind: bind, peers: reached)
    }
    let keys = CurveKeyStore(folder: home.keys, node: node)
    return TransportSettings(
      node: node, bind: bind, peers: reached, curve: try keys.identity(),
      allowedKeys: try keys.authorized())
  }

  private func address(of service: String) -> String {
    switch service {
    case "scheduler": settings.scheduler
    case "feeder": settings.feeder
    case "delivery": settings.delivery
    default: ""
    }
  }

  private func place(of node: NodeID, address: String, isOwn: Bool) throws -> Endpoints {
    guard !address.isEmpty else { return Endpoints.ipc(of: node, in: home.bus) }
    guard let colon = address.lastIndex(of: ":"), colon > address.startIndex,
      let port = UInt16(address[address.index(after: colon)...]), port > 0, port < .max
    else {
      throw ServiceError(
        .configuration,
        "bus.\(node) is '\(address)', which is not host:port, such as 10.0.0.2:8700; write it so, "
          + "or leave it empty where the \(node) runs on this host")
    }
    var host = String(address[..<colon])
    if isOwn, !settings.listenAddress.isEmpty { host = settings.listenAddress }
    return Endpoints(inbox: "tcp://\(host):\(port)", outbox: "tcp://\(host):\(port + 1)")
  }
}
