internal import CZmq
internal import Glibc
internal import Synchronization

/// The ZeroMQ context of one transport: its I/O thread and its `inproc` names.
///
/// Sockets hold it, so that it always ends after them; ending it earlier would wait for ever.
final class ZmqContext {
  private let handle: UnsafeMutableRawPointer
  private let numbers = Atomic<Int>(0)

  init() throws(TransportError) {
    guard let handle = zmq_ctx_new() else { throw TransportError.library("zmq_ctx_new") }
    self.handle = handle
  }

  deinit {
    while zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
  }

  /// For `inproc` names, which must not come twice.
  func nextNumber() -> Int { numbers.add(1, ordering: .relaxed).newValue }

  func makeSocket(_ kind: ZmqSocket.Kind) throws(TransportError) -> ZmqSocket {
    guard let socket = zmq_socket(handle, kind.rawValue) else {
      throw TransportError.library("zmq_socket")
    }
    return ZmqSocket(owning: socket, in: self)
  }
}
