internal import Base
internal import CZmq
internal import Glibc

/// Waits for any of a set of sockets and descriptors. The set is given anew for each wait; what
/// `add` returns is the name of the entry until the next `clear`.
struct ZmqPoller {
  private var items: [zmq_pollitem_t] = []

  mutating func clear() { items.removeAll(keepingCapacity: true) }

  mutating func add(_ socket: ZmqSocket, isWriting: Bool = false, isReading: Bool = true) -> Int {
    items.append(socket.pollItem((isReading ? ZMQ_POLLIN : 0) | (isWriting ? ZMQ_POLLOUT : 0)))
    return items.count - 1
  }

  mutating func add(descriptor: Int32) -> Int {
    items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    return items.count - 1
  }

  /// Returns when an entry is ready or the time is over; nil: without end.
  mutating func wait(for duration: Duration?) throws(TransportError) {
    // Rounded up, so that a deadline has passed when the wait for it ends.
    let milliseconds = duration.map { max(0, ($0.nanoseconds + 999_999) / 1_000_000) }
    let result = zmq_poll(&items, Int32(items.count), milliseconds.map { Int($0) } ?? -1)
    if result < 0 {
      guard zmq_errno() == EINTR else { throw TransportError.library("zmq_poll") }
      for index in items.indices { items[index].revents = 0 }
    }
  }

  func isReadable(_ entry: Int?) -> Bool {
    entry.map { items[$0].revents & Int16(ZMQ_POLLIN) != 0 } ?? false
  }

  func isWritable(_ entry: Int?) -> Bool {
    entry.map { items[$0].revents & Int16(ZMQ_POLLOUT) != 0 } ?? false
  }
}
