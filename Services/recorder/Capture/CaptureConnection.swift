import Base
import HTTPClient
import Media
import Synchronization

/// One connection's way from the HTTP client's thread to its capture: bytes gather here until the
/// capture's own thread takes them, so that a slow disk never holds up other streams.
///
/// Above 4 MiB the server is made to wait; its queue and the socket's buffers then hold what comes
/// (90 s at 128 kbit/s were measured without loss).
final class CaptureConnection: HTTPSink {
  struct Batch: Sendable {
    var head: HTTPHead?
    var bytes: [UInt8] = []
    /// When the last of the bytes came.
    var arrival: MediaTimeline.Arrival?
    /// Set once: the connection is over, with an error or without.
    var end: End?
  }

  enum End: Sendable {
    case byServer
    case byFailure(SourceFailure)
  }

  private struct State {
    var batch = Batch()
    var isWakeDue = false
    var isPaused = false
    var transfer: (any SourceTransfer)?
    var isCancelled = false
    var isLeftBehind = false
  }

  private static let highMark = 4 << 20

  private let time: any TimeSource
  private let wake: @Sendable (CaptureConnection) -> Void
  private let state = Mutex(State())

  /// `wake` is called on the client's thread when there is something to take, once until it is taken.
  init(time: any TimeSource, wake: @escaping @Sendable (CaptureConnection) -> Void) {
    self.time = time
    self.wake = wake
  }

  func attach(_ transfer: any SourceTransfer) {
    let isCancelled = state.withLock { state in
      state.transfer = transfer
      return state.isCancelled
    }
    if isCancelled { transfer.cancel() }
  }

  func cancel() {
    let transfer = state.withLock { state in
      state.isCancelled = true
      return state.transfer
    }
    transfer?.cancel()
  }

  /// See `SourceTransfer`; nothing comes from it any more, and a later `cancel` does not reach it.
  func letGo() {
    let transfer = state.withLock { state in
      defer { state.transfer = nil }
      state.isCancelled = true
      state.isLeftBehind = state.transfer?.link?.isUp ?? false
      return state.transfer
    }
    transfer?.letGo()
  }

  /// Whether it was let go of and goes on without this process.
  var isLeftBehind: Bool { state.withLock { $0.isLeftBehind } }

  /// See `SourceTransfer`.
  var link: IngestLink? { state.withLock { $0.transfer }?.link }

  func release(_ mark: LineMarks.Mark) { state.withLock { $0.transfer }?.release(mark) }

  func doubt(_ now: Monotonic) -> SourceFailure? { state.withLock { $0.transfer }?.doubt(now) }

  /// Whether there is more to take than bytes.
  var hasNews: Bool { state.withLock { $0.batch.head != nil || $0.batch.end != nil } }
  /// Whether the reader must take something before more can come.
  var isFull: Bool { state.withLock { $0.isPaused } }

  /// Everything since the last call.
  func take() -> Batch {
    let (batch, toResume) = state.withLock { state in
      defer {
        state.batch = Batch()
        state.isWakeDue = false
        state.isPaused = false
      }
      return (state.batch, state.isPaused ? state.transfer : nil)
    }
    toResume?.resume()
    return batch
  }

  func receive(_ head: HTTPHead) {
    change { $0.batch.head = head }
  }

  func receive(_ bytes: UnsafeRawBufferPointer, at arrival: Instant) -> HTTPFlow {
    receive(bytes, arrival: MediaTimeline.Arrival(wall: arrival, monotonic: time.monotonic()))
  }

  func receive(_ bytes: UnsafeRawBufferPointer, arrival: MediaTimeline.Arrival) -> HTTPFlow {
    change { state in
      state.batch.bytes.append(contentsOf: bytes)
      state.batch.arrival = arrival
      state.isPaused = state.batch.bytes.count >= CaptureConnection.highMark
    }
    return state.withLock { $0.isCancelled ? .cancel : $0.isPaused ? .pause : .proceed }
  }

  func finish(_ error: HTTPError?) {
    finish(error.map { .byFailure(SourceFailure($0)) } ?? .byServer)
  }

  func finish(_ end: End) {
    change { $0.batch.end = end }
  }

  private func change(_ body: (inout State) -> Void) {
    let isFirst = state.withLock { state in
      body(&state)
      defer { state.isWakeDue = true }
      return !state.isWakeDue
    }
    if isFirst { wake(self) }
  }
}
