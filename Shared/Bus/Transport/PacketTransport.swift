internal import Base

/// What the protocol core knows of the network: packets in and out, best effort.
///
/// Nothing is promised: a packet may be lost, repeated or late even when `push` or `publish` said
/// true. Whatever must not be lost is a committed row that is sent again. An implementation must
/// never block a sender, and never hand over a packet whose origin it knows to be false.
protocol PacketTransport: Sendable {
  /// To a peer's inbox. False when the packet certainly did not leave: a peer that is not
  /// configured, not connected or not keeping up, a frame over the limit, not started.
  @discardableResult
  func push(_ frames: [[UInt8]], to peer: NodeID) -> Bool

  /// To all who follow the topic on our own outbox. False when the packet certainly did not leave:
  /// nobody follows it, we do not bind, a frame over the limit, not started.
  @discardableResult
  func publish(_ frames: [[UInt8]], topic: String) -> Bool

  /// Returns when all sockets are open; peers join later. Both closures are called on the
  /// transport's own thread, one call at a time, and must be quick and must not call `stop`.
  func start(
    onPacket: @escaping @Sendable (_ frames: [[UInt8]], _ from: PacketSource) -> Void,
    onLink: @escaping @Sendable (LinkEvent) -> Void
  ) throws(TransportError)

  /// Closes everything at once, unsent packets included, and returns when that is done. Neither
  /// closure is called afterwards.
  func stop()
}

/// The topics of the bus: `all`, and one for each node.
///
/// On the wire a topic ends with `/`, which no node id contains: ZeroMQ compares prefixes, so that
/// a follower of `node/recorder-1` would otherwise also get what is meant for `recorder-10`.
enum Topic {
  static let all = "all"

  static func node(_ node: NodeID) -> String { "node/\(node)" }

  static func wireForm(_ topic: String) -> [UInt8] { Array(topic.utf8) + [UInt8(ascii: "/")] }

  /// nil for bytes that `wireForm` does not make.
  static func parse(_ wireForm: some Collection<UInt8>) -> String? {
    guard Array(wireForm.suffix(1)) == [UInt8(ascii: "/")] else { return nil }
    let text = String(decoding: wireForm.dropLast(), as: UTF8.self)
    guard text != all else { return text }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "node", NodeID.isValid(String(parts[1])) else { return nil }
    return text
  }
}

/// Which way a packet came in, and whose it can be.
enum PacketSource: Hashable, Sendable {
  /// Through our own inbox. Over TCP, `authenticated` is the node whose key the connection proved;
  /// nil over ipc, where the mode of the socket's folder says who may speak.
  case inbox(authenticated: NodeID?)
  /// From the outbox of a peer that we follow; over TCP the peer proved its key.
  case outbox(of: NodeID)

  /// Whether a packet from here may claim this sender. Every packet's header must be asked, or a
  /// node could speak in another's name.
  func allows(sender: NodeID) -> Bool {
    switch self {
    case .inbox(let authenticated): authenticated.map { $0 == sender } ?? true
    case .outbox(let peer): peer == sender
    }
  }
}

/// What happened to the connections.
enum LinkEvent: Hashable, Sendable {
  /// Both ways to a configured peer are open: its inbox takes packets and its outbox is followed.
  case connected(NodeID)
  /// One of the two ways was lost; it is dialled again without being asked.
  case disconnected(NodeID)
  /// Somebody began to follow a topic of our outbox: what is published from now on reaches it.
  case followed(topic: String)
  /// The last follower of a topic has left.
  case abandoned(topic: String)
  /// A connection was made and then refused by one of the sides. nil: somebody who came to our own
  /// endpoints. The reason is a sentence for a person. At most about one a second.
  case handshakeFailed(NodeID?, reason: String)
  /// Our endpoints could not be opened again after the keys changed; it is tried without end.
  case bindFailed(reason: String)
  /// The transport ended by itself after an error of the library or the system. Nothing goes in or
  /// out any more: end the process, so that it is started anew.
  case failed(TransportError)
}
