internal import CZmq
internal import Glibc

/// One ZeroMQ socket. Not thread safe, as ZeroMQ's are not: it is made on one thread and then
/// belongs to the bus thread alone. Never blocks.
final class ZmqSocket {
  enum Kind: Int32 {
    case pair = 0
    case sub = 2
    case rep = 4
    case pull = 7
    case push = 8
    case xpub = 9
  }

  enum Sent {
    case yes
    /// Nothing was taken: no peer, or the high-water mark.
    case refused
    /// The peer went away between two frames; the message is lost.
    case lost
  }

  struct Message {
    var frames: [[UInt8]] = []
    /// The `User-Id` that the ZAP handler gave to the connection.
    var userID: String?
    /// Larger than the bus allows; what `frames` holds is not the whole.
    var isOversized = false
  }

  /// A frame's limit at both ends (ZMQ_MAXMSGSIZE): far above any message of ours, far below what
  /// would hurt.
  static let largestFrame = 1 << 20
  /// Frames in one message, twice what the largest packet has (a snapshot's part: a header and 500
  /// bodies). ZeroMQ limits frames, not their number.
  static let mostFrames = 1024

  private var handle: UnsafeMutableRawPointer?
  private let context: ZmqContext
  private let buffer: UnsafeMutablePointer<zmq_msg_t>

  init(owning handle: UnsafeMutableRawPointer, in context: ZmqContext) {
    self.handle = handle
    self.context = context
    buffer = .allocate(capacity: 1)
    buffer.initialize(to: zmq_msg_t())
    zmq_msg_init(buffer)
  }

  deinit {
    close()
    zmq_msg_close(buffer)
    buffer.deallocate()
  }

  /// Drops what is unsent (LINGER 0). May be called again.
  func close() {
    guard let handle else { return }
    // Fails only for what is not a socket.
    zmq_close(handle)
    self.handle = nil
  }

  // MARK: Setting up

  func set(_ option: Int32, to value: Int32, _ name: String) throws(TransportError) {
    var value = value
    try check(zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size), name)
  }

  func set(_ option: Int32, to value: Int64, _ name: String) throws(TransportError) {
    var value = value
    try check(zmq_setsockopt(handle, option, &value, MemoryLayout<Int64>.size), name)
  }

  func set(_ option: Int32, to bytes: [UInt8], _ name: String) throws(TransportError) {
    try check(zmq_setsockopt(handle, option, bytes, bytes.count), name)
  }

  func bind(_ endpoint: String) throws(TransportError) {
    guard zmq_bind(handle, endpoint) == 0 else {
      throw TransportError.library("zmq_bind", endpoint)
    }
  }

  func unbind(_ endpoint: String) throws(TransportError) {
    guard zmq_unbind(handle, endpoint) == 0 else {
      throw TransportError.library("zmq_unbind", endpoint)
    }
  }

  func connect(_ endpoint: String) throws(TransportError) {
    guard zmq_connect(handle, endpoint) == 0 else {
      throw TransportError.library("zmq_connect", endpoint)
    }
  }

  /// What the last bind or connect made of a wildcard.
  func lastEndpoint() throws(TransportError) -> String {
    var text = [UInt8](repeating: 0, count: 512)
    var count = text.count
    try check(zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &count), "ZMQ_LAST_ENDPOINT")
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Reports the socket's events at an `inproc` endpoint; nil ends that.
  func monitor(at endpoint: String?, events: Int32) throws(TransportError) {
    try check(zmq_socket_monitor(handle, endpoint, events), "zmq_socket_monitor")
  }

  func pollItem(_ events: Int32) -> zmq_pollitem_t {
    zmq_pollitem_t(socket: handle, fd: -1, events: Int16(events), revents: 0)
  }

  private func check(_ result: Int32, _ name: String) throws(TransportError) {
    guard result == 0 else { throw TransportError.library(name) }
  }

  // MARK: Packets

  func send(_ frames: [[UInt8]]) throws(TransportError) -> Sent {
    var outcome = Sent.yes
    for (index, frame) in frames.enumerated() {
      let isLast = index == frames.count - 1
      guard try !sendOne(frame, isLast: isLast) else { continue }
      if index == 0 { return .refused }
      // The rest is still handed over: libzmq discards it up to the last frame, and would take it
      // for the beginning of a new message otherwise.
      outcome = .lost
    }
    return outcome
  }

  private func sendOne(_ frame: [UInt8], isLast: Bool) throws(TransportError) -> Bool {
    while zmq_send(handle, frame, frame.count, ZMQ_DONTWAIT | (isLast ? 0 : ZMQ_SNDMORE)) < 0 {
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN: return false
      default: throw TransportError.library("zmq_send")
      }
    }
    return true
  }

  /// The next whole message; nil when none waits.
  func receive(wantsUserID: Bool = false) throws(TransportError) -> Message? {
    var message = Message()
    repeat {
      guard try receiveOne() else { return nil }
      let size = zmq_msg_size(buffer)
      if size > ZmqSocket.largestFrame || message.frames.count == ZmqSocket.mostFrames {
        message.isOversized = true
        continue
      }
      if wantsUserID && message.userID == nil {
        message.userID = zmq_msg_gets(buffer, "User-Id").map { String(cString: $0) }
      }
      message.frames.append(
        Array(UnsafeRawBufferPointer(start: zmq_msg_data(buffer), count: size)))
    } while zmq_msg_more(buffer) != 0
    return message
  }

  private func receiveOne() throws(TransportError) -> Bool {
    while zmq_msg_recv(buffer, handle, ZMQ_DONTWAIT) < 0 {
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN: return false
      default: throw TransportError.library("zmq_msg_recv")
      }
    }
    return true
  }
}
