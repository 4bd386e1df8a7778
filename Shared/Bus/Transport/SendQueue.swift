internal import Base
internal import Glibc
internal import Synchronization

/// What goes from the senders' threads to the bus thread, and the little that senders must know to
/// say no at once. Bounded in packets and bytes.
final class SendQueue: Sendable {
  enum Item: Sendable {
    case push([[UInt8]], NodeID)
    /// The first frame is the topic's wire form.
    case publish([[UInt8]])
    case replaceKeys(KeyRing)
  }

  private struct State {
    var items: [Item] = []
    var packets = 0
    var bytes = 0
    var isOpen = false
    var isStopping = false
    /// Peers that take packets now.
    var takers: Set<NodeID> = []
    /// Topics that somebody follows.
    var topics: Set<String> = []
    var counters = TransportCounters()
  }

  static let mostPackets = 8192
  static let mostBytes = 64 << 20

  let wake: WakeSignal
  private let state = Mutex(State())
  private let thread = Atomic<UInt>(0)

  init() throws(TransportError) { wake = try WakeSignal() }

  // MARK: Any thread

  var counters: TransportCounters { state.withLock { $0.counters } }

  func push(_ frames: [[UInt8]], to peer: NodeID) -> Bool {
    offer(.push(frames, peer), frames) { $0.takers.contains(peer) }
  }

  func publish(_ frames: [[UInt8]], topic: String) -> Bool {
    offer(.publish([Topic.wireForm(topic)] + frames), frames) { $0.topics.contains(topic) }
  }

  func replaceKeys(_ keys: KeyRing) {
    state.withLock { $0.items.append(.replaceKeys(keys)) }
    wake.raise()
  }

  func requestStop() {
    state.withLock {
      $0.isStopping = true
      $0.isOpen = false
    }
    wake.raise()
  }

  private func offer(
    _ item: Item, _ frames: [[UInt8]], where isWanted: (borrowing State) -> Bool
  ) -> Bool {
    let size = frames.reduce(0) { $0 + $1.count }
    let fits =
      !frames.isEmpty && frames.count < ZmqSocket.mostFrames
      && frames.allSatisfy { $0.count <= ZmqSocket.largestFrame }
    let (isTaken, wasEmpty) = state.withLock { state in
      guard fits, state.isOpen, isWanted(state), state.packets < SendQueue.mostPackets,
        state.bytes + size <= SendQueue.mostBytes
      else {
        state.counters.refusedToSend += 1
        return (false, false)
      }
      let wasEmpty = state.items.isEmpty
      state.items.append(item)
      state.packets += 1
      state.bytes += size
      return (true, wasEmpty)
    }
    // One signal wakes for all that is appended until the bus thread takes it.
    if wasEmpty { wake.raise() }
    return isTaken
  }

  // MARK: The bus thread

  func claimThread() { thread.store(UInt(pthread_self()), ordering: .relaxed) }

  var isOnBusThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  var isStopping: Bool { state.withLock { $0.isStopping } }

  func open() { state.withLock { $0.isOpen = !$0.isStopping } }

  /// Everything that waits. The signal is cleared first, so that what is appended in between is
  /// found now or signalled again.
  func takeAll() -> [Item] {
    wake.clear()
    return state.withLock { state in
      state.packets = 0
      state.bytes = 0
      defer { state.items = [] }
      return state.items
    }
  }

  func setTaking(_ isTaking: Bool, _ peer: NodeID) {
    state.withLock { state in
      if isTaking { state.takers.insert(peer) } else { state.takers.remove(peer) }
    }
  }

  func setFollowed(_ isFollowed: Bool, _ topic: String) {
    state.withLock { state in
      if isFollowed { state.topics.insert(topic) } else { state.topics.remove(topic) }
    }
  }

  func count(_ change: (inout TransportCounters) -> Void) {
    state.withLock { change(&$0.counters) }
  }
}

/// What the transport has done since its start; for metrics.
struct TransportCounters: Hashable, Sendable {
  /// Handed to libzmq, which is not to say that they arrived.
  var sent = 0
  /// Refused to a sender, who was told so.
  var refusedToSend = 0
  /// Taken from a sender and then lost with the connection.
  var lost = 0
  var received = 0
  /// Too large, or from a key that is not (or no longer) authorized, or on a topic not ours.
  var refusedToReceive = 0
}
