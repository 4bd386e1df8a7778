internal import Base
internal import Synchronization

/// Server-sent events (WHATWG HTML §9.2) to any number of clients.
///
/// Each client has a bounded queue; one that does not keep up is cut off, and its browser connects
/// again. A comment each 15 s finds clients that have gone without saying so.
public final class EventHub: Sendable {
  private struct State {
    var channels: [UInt64: OutputChannel] = [:]
    var nextIdentifier: UInt64 = 1
    var isClosed = false
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let clientLimit: Int

  public init(clientLimit: Int = 500, capacity: Int = 256 << 10) {
    self.clientLimit = clientLimit
    self.capacity = capacity
  }

  public var clientCount: Int { state.withLock { $0.channels.count } }

  /// Keeps idle connections honest until the task is cancelled; then ends all clients.
  public func run() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(15)) } catch { break }
      broadcast(Array(": ping\n\n".utf8))
    }
    close()
  }

  /// The response for a client who wants to listen; `first` is sent to it before anything else.
  public func subscribe(first: [UInt8] = []) throws(Problem) -> Response {
    let (identifier, isFull) = state.withLock { state in
      defer { state.nextIdentifier += 1 }
      return (state.nextIdentifier, state.isClosed || state.channels.count >= clientLimit)
    }
    if isFull {
      throw Problem(
        503, "too_many_listeners", "Too many pages are listening; close one or try again later.",
        retryAfterSeconds: 10)
    }
    let channel = OutputChannel(capacity: capacity) { [weak self] in
      self?.state.withLock { _ = $0.channels.removeValue(forKey: identifier) }
    }
    // How long browsers wait before they connect again.
    channel.write(Array("retry: 2000\n\n".utf8) + first)
    state.withLock { $0.channels[identifier] = channel }
    return Response(
      headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
      body: .channel(channel))
  }

  /// Sends to all; `data` may have several lines.
  public func publish(event: String, data: String, id: String? = nil) {
    broadcast(EventHub.format(event: event, data: data, id: id))
  }

  /// One event as it goes over the wire.
  public static func format(event: String, data: String, id: String? = nil) -> [UInt8] {
    var text = "event: \(event)\n"
    if let id { text += "id: \(id)\n" }
    for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      text += "data: \(line)\n"
    }
    return Array((text + "\n").utf8)
  }

  /// Ends every client; nobody can subscribe afterwards.
  public func close() {
    let channels = state.withLock { state in
      state.isClosed = true
      return Array(state.channels.values)
    }
    for channel in channels { channel.finish() }
  }

  private func broadcast(_ bytes: [UInt8]) {
    // Outside the lock: a channel that breaks takes itself out under it.
    for channel in state.withLock({ Array($0.channels.values) }) { channel.write(bytes) }
  }
}
