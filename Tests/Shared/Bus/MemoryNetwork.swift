import Base
import Synchronization

@testable import Bus

/// A network in memory that loses, repeats and reorders packets by a seed.
///
/// `push` and `publish` follow the topology as ZeroMQ would: to the inbox of a configured peer, and
/// to those who have this node as a peer.
final class MemoryNetwork: Sendable {
  struct Weather {
    /// Each from 0 to 1.
    var loss = 0.0
    var repeats = 0.0
    /// A packet that is held until after the next one.
    var overtaken = 0.0
  }

  struct Delivery: Sendable {
    let receiver: NodeID
    let frames: [[UInt8]]
    let source: PacketSource
  }

  private struct Attached {
    let settings: TransportSettings
    let onPacket: @Sendable ([[UInt8]], PacketSource) -> Void
    let onLink: @Sendable (LinkEvent) -> Void
  }

  private struct State {
    var weather = Weather()
    var generator: SplitMix64
    var nodes: [NodeID: Attached] = [:]
    var held: [Delivery] = []
    var carried = 0

    mutating func draws(_ probability: Double) -> Bool {
      Double.random(in: 0..<1, using: &generator) < probability
    }
  }

  private let state: Mutex<State>

  init(seed: UInt64 = 1, weather: Weather = Weather()) {
    state = Mutex(State(weather: weather, generator: SplitMix64(seed: seed)))
  }

  var carried: Int { state.withLock { $0.carried } }

  func set(_ weather: Weather) { state.withLock { $0.weather = weather } }

  func transport(_ settings: TransportSettings) -> any PacketTransport {
    MemoryTransport(network: self, settings: settings)
  }

  /// Hands frames to a node as if they had come from the source, whoever that is.
  func inject(_ frames: [[UInt8]], to receiver: NodeID, from source: PacketSource) {
    state.withLock { $0.nodes[receiver] }?.onPacket(frames, source)
  }

  fileprivate func attach(
    _ settings: TransportSettings,
    _ onPacket: @escaping @Sendable ([[UInt8]], PacketSource) -> Void,
    _ onLink: @escaping @Sendable (LinkEvent) -> Void
  ) {
    let others = state.withLock { state in
      state.nodes[settings.node] = Attached(
        settings: settings, onPacket: onPacket, onLink: onLink)
      return state.nodes
    }
    for (node, other) in others where node != settings.node {
      if settings.peers[node] != nil {
        onLink(.connected(node))
        other.onLink(.followed(topic: Topic.node(settings.node)))
      }
      if other.settings.peers[settings.node] != nil {
        other.onLink(.connected(settings.node))
        onLink(.followed(topic: Topic.node(node)))
      }
    }
  }

  fileprivate func detach(_ node: NodeID) {
    let others = state.withLock { state in
      state.nodes[node] = nil
      return state.nodes.values.filter { $0.settings.peers[node] != nil }
    }
    for other in others { other.onLink(.disconnected(node)) }
  }

  fileprivate func push(_ frames: [[UInt8]], from node: NodeID, to peer: NodeID) -> Bool {
    carry([Delivery(receiver: peer, frames: frames, source: .inbox(authenticated: nil))])
  }

  fileprivate func publish(_ frames: [[UInt8]], from node: NodeID, topic: String) -> Bool {
    let followers = state.withLock { state in
      state.nodes.filter { name, attached in
        attached.settings.peers[node] != nil && (topic == Topic.all || topic == Topic.node(name))
      }.keys.sorted()
    }
    return carry(
      followers.map { Delivery(receiver: $0, frames: frames, source: .outbox(of: node)) })
  }

  /// False where nobody is there; a packet that the weather takes was "sent".
  private func carry(_ deliveries: [Delivery]) -> Bool {
    let (due, isSent) = state.withLock { state -> ([(Attached, Delivery)], Bool) in
      let reachable = deliveries.filter { state.nodes[$0.receiver] != nil }
      var due: [Delivery] = []
      for delivery in reachable {
        state.carried += 1
        if state.draws(state.weather.loss) { continue }
        if state.draws(state.weather.overtaken) {
          state.held.append(delivery)
          continue
        }
        due.append(delivery)
        if state.draws(state.weather.repeats) { due.append(delivery) }
      }
      if !due.isEmpty {
        due += state.held
        state.held = []
      }
      let found = due.compactMap { delivery in
        state.nodes[delivery.receiver].map { ($0, delivery) }
      }
      return (found, !reachable.isEmpty)
    }
    for (attached, delivery) in due { attached.onPacket(delivery.frames, delivery.source) }
    return isSent
  }
}

private struct MemoryTransport: PacketTransport {
  let network: MemoryNetwork
  let settings: TransportSettings

  func push(_ frames: [[UInt8]], to peer: NodeID) -> Bool {
    settings.peers[peer] != nil && network.push(frames, from: settings.node, to: peer)
  }

  func publish(_ frames: [[UInt8]], topic: String) -> Bool {
    settings.bind != nil && network.publish(frames, from: settings.node, topic: topic)
  }

  func start(
    onPacket: @escaping @Sendable ([[UInt8]], PacketSource) -> Void,
    onLink: @escaping @Sendable (LinkEvent) -> Void
  ) throws(TransportError) {
    network.attach(settings, onPacket, onLink)
  }

  func stop() { network.detach(settings.node) }
}
