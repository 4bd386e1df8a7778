internal import CZmq

/// What a socket's connections went through, as far as anybody must know of it.
enum ConnectionEvent: Hashable {
  /// libzmq is dialling, or waits to dial again.
  case dialling
  case open
  case lost
  case handshakeFailed(HandshakeFailure)
}

/// Follows one socket's events. Belongs to the thread of the socket, and must be closed before it.
final class SocketMonitor {
  private let watched: ZmqSocket
  private let pair: ZmqSocket
  private var isClosed = false

  private static let events =
    ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED
    | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH

  init(_ socket: ZmqSocket, in context: ZmqContext) throws(TransportError) {
    watched = socket
    pair = try context.makeSocket(.pair)
    let endpoint = "inproc://monitor/\(context.nextNumber())"
    // Unbounded: the I/O thread waits where a monitor's queue is full, and with it every socket.
    try pair.set(ZMQ_RCVHWM, to: Int32(0), "ZMQ_RCVHWM")
    try pair.set(ZMQ_LINGER, to: Int32(0), "ZMQ_LINGER")
    try socket.monitor(at: endpoint, events: SocketMonitor.events)
    try pair.connect(endpoint)
  }

  deinit { close() }

  /// The reports end before their reader goes: without a reader the I/O thread would wait for one.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    // Fails only where the socket is closed already, which ended the reports too.
    try? watched.monitor(at: nil, events: 0)
    pair.close()
  }

  func register(in poller: inout ZmqPoller) -> Int { poller.add(pair) }

  /// The next event that matters; nil when none waits.
  func next() throws(TransportError) -> ConnectionEvent? {
    while let message = try pair.receive() {
      if let event = SocketMonitor.event(from: message.frames) { return event }
    }
    return nil
  }

  /// First frame: 16 bits of event, 32 bits of value, in the machine's order; second frame: the
  /// endpoint (zmq_socket_monitor(3)).
  private static func event(from frames: [[UInt8]]) -> ConnectionEvent? {
    guard let first = frames.first, first.count == 6 else { return nil }
    let (kind, value) = first.withUnsafeBytes {
      (
        Int32($0.loadUnaligned(as: UInt16.self)),
        $0.loadUnaligned(fromByteOffset: 2, as: Int32.self)
      )
    }
    switch kind {
    case ZMQ_EVENT_CONNECT_DELAYED, ZMQ_EVENT_CONNECT_RETRIED: return .dialling
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .open
    case ZMQ_EVENT_DISCONNECTED: return .lost
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .handshakeFailed(.refused(status: value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return .handshakeFailed(.misunderstood(code: value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .handshakeFailed(.hungUp(errno: value))
    default: return nil
    }
  }
}
