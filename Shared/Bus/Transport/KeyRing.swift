public import Base

/// Which node has which key: who may come in over TCP, and what a peer that we dial must prove.
public struct KeyRing: Hashable, Sendable {
  private var keys: [NodeID: CurvePublicKey] = [:]
  private var owners: [String: NodeID] = [:]

  public init() {}

  /// Throws where two nodes have one key: then a key would no longer tell who speaks.
  public init(_ keys: [NodeID: CurvePublicKey]) throws(TransportError) {
    for (node, key) in keys.sorted(by: { $0.key < $1.key }) {
      if let other = owners[key.text] {
        throw TransportError(
          .keys, "The nodes \(other) and \(node) are listed with the same key: give each its own.")
      }
      owners[key.text] = node
    }
    self.keys = keys
  }

  public func key(of node: NodeID) -> CurvePublicKey? { keys[node] }

  public func owner(of key: CurvePublicKey) -> NodeID? { owners[key.text] }

  /// By the key's 40 characters, as each packet carries them.
  func owner(ofKeyText text: String) -> NodeID? { owners[text] }

  /// Whether anybody who is in this ring is not in the other.
  func hasKeyMissing(from other: KeyRing) -> Bool {
    keys.contains { other.keys[$0.key] != $0.value }
  }
}
