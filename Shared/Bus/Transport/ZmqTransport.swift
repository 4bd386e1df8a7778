internal import Base
internal import Synchronization

/// The bus over ZeroMQ: one thread of its own holds all sockets; senders leave packets in a queue
/// and wake it. Can be started once.
///
/// Assumes that the node's single instance lock is held (see `IpcSocketFile`). Must never say more
/// than it knows: a true from `push` or `publish` only means that the packet was taken.
final class ZmqTransport: PacketTransport {
  private enum Phase {
    case made
    case running
    case over
  }

  private let settings: TransportSettings
  private let queue: SendQueue
  private let ended: WakeSignal
  private let phase = Mutex(Phase.made)
  private let endpoints = Mutex<Endpoints?>(nil)

  /// Throws what is wrong with the settings; opens nothing yet.
  init(_ settings: TransportSettings) throws(TransportError) {
    try settings.validate()
    self.settings = settings
    queue = try SendQueue()
    ended = try WakeSignal()
  }

  /// The bus thread ends by itself soon after.
  deinit { queue.requestStop() }

  /// Our own endpoints as bound, with the ports that the system chose; nil before the start and
  /// for a node that only dials.
  var boundEndpoints: Endpoints? { endpoints.withLock { $0 } }

  var counters: TransportCounters { queue.counters }

  func push(_ frames: [[UInt8]], to peer: NodeID) -> Bool { queue.push(frames, to: peer) }

  func publish(_ frames: [[UInt8]], topic: String) -> Bool { queue.publish(frames, topic: topic) }

  func start(
    onPacket: @escaping @Sendable ([[UInt8]], PacketSource) -> Void,
    onLink: @escaping @Sendable (LinkEvent) -> Void
  ) throws(TransportError) {
    try phase.withLock { phase throws(TransportError) in
      guard case .made = phase else {
        throw TransportError(.misuse, "A transport can be started once: make a new one.")
      }
      let loop = try ZmqLoop(
        settings, queue: queue, handlers: .init(onPacket: onPacket, onLink: onLink))
      endpoints.withLock { $0 = loop.boundEndpoints }
      phase = .running
      BackgroundThread(named: "bus") { [ended, queue] in
        queue.claimThread()
        loop.run()
        ended.raise()
      }.start()
    }
  }

  /// Replaces who may come in over TCP and what dialled peers must prove, within one turn of the bus
  /// thread. Who is no longer in the ring is cut off; the others join again by themselves.
  func replaceAllowedKeys(_ keys: KeyRing) { queue.replaceKeys(keys) }

  func stop() {
    precondition(!queue.isOnBusThread, "stop() was called from the transport's own thread")
    let wasRunning = phase.withLock { phase in
      defer { if case .made = phase { phase = .over } }
      if case .running = phase { return true } else { return false }
    }
    guard wasRunning else { return }
    queue.requestStop()
    ended.wait()
  }
}
