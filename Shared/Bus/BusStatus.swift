public import Base

/// How the bus of this node is doing; for health, metrics and the system page.
public struct BusStatus: Sendable {
  public struct Peer: Sendable {
    public var node: NodeID
    /// Whether this node dials it; the others dial us, and their connections are not seen.
    public var isDialled: Bool
    /// Of a dialled peer.
    public var isConnected: Bool
    /// When it was last heard.
    public var heardAt: Instant?
    /// The last refused handshake, in one sentence.
    public var fault: String?
  }

  /// Entries that at least one known consumer has not acknowledged.
  public var unacknowledged: Int64
  /// Messages that could not be applied and were set aside.
  public var setAside: Int
  /// Packets that could not be read or claimed a false sender.
  public var refusedPackets: Int64
  /// Messages applied since the start.
  public var applied: Int64
  public var peers: [Peer]
  /// What keeps messages from being applied now (disk full, say), in one sentence.
  public var fault: String?
}
