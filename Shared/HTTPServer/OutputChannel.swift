internal import CMicrohttpd
internal import Synchronization

/// A response body that is written while it is being sent, such as server-sent events.
///
/// What the client has not taken yet waits here, up to a limit: a client that is slower than that
/// is cut off rather than waited for. Any thread may write.
///
/// The connection's handle is used only with the lock held and only until `detach`, which
/// libmicrohttpd's completion callback calls before the connection goes.
public final class OutputChannel: Sendable {
  private enum End {
    case open
    /// After what is queued.
    case finished
    /// At once.
    case broken
  }

  private struct State {
    var queue: [UInt8] = []
    var end = End.open
    var isSuspended = false
    var isDetached = false
    var connection: Handle?
    var onClose: (@Sendable () -> Void)?
  }

  private let capacity: Int
  private let state: Mutex<State>

  /// `onClose` is called once, when the client has gone or the response is complete.
  public init(capacity: Int = 256 << 10, onClose: (@Sendable () -> Void)? = nil) {
    self.capacity = capacity
    state = Mutex(State(onClose: onClose))
  }

  /// False when the client is gone or too slow: it is then cut off.
  @discardableResult
  public func write(_ bytes: [UInt8]) -> Bool {
    state.withLock { state in
      guard state.end == .open, !state.isDetached else { return false }
      if state.queue.count + bytes.count > capacity {
        state.end = .broken
        state.queue = []
        // Its socket is full, so libmicrohttpd will not ask for more by itself.
        if let connection = state.connection { airloom_mhd_hang_up(connection.pointer) }
      } else {
        state.queue += bytes
      }
      OutputChannel.wake(&state)
      return state.end == .open
    }
  }

  /// Ends the body after what was written.
  public func finish() {
    state.withLock { state in
      if state.end == .open { state.end = .finished }
      OutputChannel.wake(&state)
    }
  }

  /// Tells whom it concerns that there is no client any more.
  func detach() {
    let onClose = state.withLock { state in
      state.isDetached = true
      state.connection = nil
      state.queue = []
      defer { state.onClose = nil }
      return state.onClose
    }
    onClose?()
  }

  func attach(_ connection: Handle) { state.withLock { $0.connection = connection } }

  /// Called on libmicrohttpd's thread for the next bytes; suspends the connection when there are
  /// none, under the same lock under which a writer looks whether it must resume it.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    state.withLock { state in
      if state.end == .broken { return OutputChannel.endWithError }
      if !state.queue.isEmpty {
        let count = min(buffer.count, state.queue.count)
        state.queue.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[..<count])) }
        state.queue.removeFirst(count)
        return count
      }
      if state.end == .finished { return OutputChannel.endOfStream }
      state.isSuspended = true
      if let connection = state.connection { MHD_suspend_connection(connection.pointer) }
      return 0
    }
  }

  private static func wake(_ state: inout State) {
    guard state.isSuspended, let connection = state.connection else { return }
    state.isSuspended = false
    MHD_resume_connection(connection.pointer)
  }

  // MHD_CONTENT_READER_END_OF_STREAM and …_WITH_ERROR: macros with casts, which are not imported.
  private static let endOfStream = -1
  private static let endWithError = -2
}
