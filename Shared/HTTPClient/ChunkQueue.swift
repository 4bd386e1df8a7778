internal import Base
internal import Synchronization

/// Holds the chunks between the client's thread and the reader of an `HTTPStream`: above the high
/// mark the transfer is paused, below the low mark it goes on, and nothing is ever dropped.
final class ChunkQueue: HTTPSink {
  private struct State {
    var transfer: HTTPTransfer?
    var head: HTTPHead?
    var chunks: [HTTPChunk] = []
    var bytes = 0
    var isPaused = false
    /// Set once: what `finish` said.
    var end: Result<Void, HTTPError>?
    var headWaiter: CheckedContinuation<Result<HTTPHead, HTTPError>, Never>?
    var chunkWaiter: CheckedContinuation<Result<HTTPChunk?, HTTPError>, Never>?
  }

  private static let highMark = 256 << 10
  private static let lowMark = 64 << 10

  private let state = Mutex(State())

  func attach(_ transfer: HTTPTransfer) { state.withLock { $0.transfer = transfer } }

  func receive(_ head: HTTPHead) {
    let waiter = state.withLock { state in
      state.head = head
      defer { state.headWaiter = nil }
      return state.headWaiter
    }
    waiter?.resume(returning: .success(head))
  }

  func receive(_ bytes: UnsafeRawBufferPointer, at arrival: Instant) -> HTTPFlow {
    let chunk = HTTPChunk(bytes: Array(bytes), receivedAt: arrival)
    let (waiter, flow) = state.withLock {
      state -> (CheckedContinuation<Result<HTTPChunk?, HTTPError>, Never>?, HTTPFlow) in
      if let waiter = state.chunkWaiter {
        state.chunkWaiter = nil
        return (waiter, .proceed)
      }
      state.chunks.append(chunk)
      state.bytes += chunk.bytes.count
      state.isPaused = state.bytes >= ChunkQueue.highMark
      return (nil, state.isPaused ? .pause : .proceed)
    }
    waiter?.resume(returning: .success(chunk))
    return flow
  }

  func finish(_ error: HTTPError?) {
    let (headWaiter, chunkWaiter) = state.withLock { state in
      state.end = error.map { .failure($0) } ?? .success(())
      defer { (state.headWaiter, state.chunkWaiter) = (nil, nil) }
      return (state.headWaiter, state.chunkWaiter)
    }
    headWaiter?.resume(returning: .failure(error ?? ChunkQueue.headless))
    chunkWaiter?.resume(returning: error.map { .failure($0) } ?? .success(nil))
  }

  func head() async -> Result<HTTPHead, HTTPError> {
    await withCheckedContinuation { waiter in
      let result = state.withLock { state -> Result<HTTPHead, HTTPError>? in
        if let head = state.head { return .success(head) }
        switch state.end {
        case .failure(let error): return .failure(error)
        case .success: return .failure(ChunkQueue.headless)
        case nil:
          state.headWaiter = waiter
          return nil
        }
      }
      if let result { waiter.resume(returning: result) }
    }
  }

  /// One reader only. Chunks that came before a failure are given out before it is thrown.
  func next() async -> Result<HTTPChunk?, HTTPError> {
    await withCheckedContinuation { waiter in
      let (result, toResume) = state.withLock { state in
        ChunkQueue.take(from: &state, orWait: waiter)
      }
      toResume?.resume()
      if let result { waiter.resume(returning: result) }
    }
  }

  private static func take(
    from state: inout State,
    orWait waiter: CheckedContinuation<Result<HTTPChunk?, HTTPError>, Never>
  ) -> (Result<HTTPChunk?, HTTPError>?, toResume: HTTPTransfer?) {
    guard state.chunks.isEmpty else {
      let chunk = state.chunks.removeFirst()
      state.bytes -= chunk.bytes.count
      guard state.isPaused, state.bytes <= lowMark else { return (.success(chunk), nil) }
      state.isPaused = false
      return (.success(chunk), state.transfer)
    }
    if let end = state.end { return (end.map { nil }, nil) }
    precondition(state.chunkWaiter == nil, "an HTTPStream has one reader at a time")
    state.chunkWaiter = waiter
    return (nil, nil)
  }

  private static let headless = HTTPError(
    .protocolViolation, url: "the server", detail: "no head came")
}
