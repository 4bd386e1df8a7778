internal import Glibc
internal import Synchronization

/// What a child writes to a pipe, as it comes: chunks of bytes, or `lines`. For one reader; ends
/// when the child has closed its end, or a second after its exit at the latest.
///
/// Nothing is read ahead: a slow reader makes the child wait.
public final class ChildOutput: AsyncSequence, Sendable {
  public typealias Element = [UInt8]

  private struct State {
    var waiter: CheckedContinuation<Void, Never>?
    var token: ChildLoop.Token?
    var isOver = false
  }

  private let pipe: PipeEnd
  private let loop: ChildLoop
  private let state = Mutex(State())

  init(_ pipe: PipeEnd, _ loop: ChildLoop) {
    self.pipe = pipe
    self.loop = loop
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let output: ChildOutput

    public func next() async -> [UInt8]? { await output.read() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(output: self) }

  /// The text line by line, see `ChildLines`.
  public var lines: ChildLines { ChildLines(source: self) }

  /// The next bytes, waiting for them; nil at the end, and when the task is cancelled.
  public func read() async -> [UInt8]? {
    while !Task.isCancelled {
      // Asked before the read, so that what came before the end is never missed.
      let isOver = state.withLock { $0.isOver }
      switch pipe.read() {
      case .bytes(let bytes): return bytes
      case .end: return nil
      case .nothingYet: if isOver { return nil }
      }
      await readable()
    }
    return nil
  }

  /// Everything to the end, at most `limit` bytes; what is beyond is read and dropped.
  public func collect(limit: Int) async -> [UInt8] {
    var all: [UInt8] = []
    while let bytes = await read() { all.append(contentsOf: bytes.prefix(limit - all.count)) }
    return all
  }

  /// The child is gone and its group killed: whoever still holds the pipe's other end (a grandchild
  /// that left the group) is not waited for.
  func childIsGone() { release { $0.isOver = true } }

  private func readable() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mayWait = state.withLock { state in
          precondition(state.waiter == nil, "a child's output has one reader")
          guard !state.isOver, !Task.isCancelled else { return false }
          state.waiter = continuation
          state.token = loop.watch(pipe.descriptor, POLLIN) { [self] in release() }
          return true
        }
        if !mayWait { continuation.resume() }
      }
    } onCancel: {
      release()
    }
  }

  private func release(_ change: (inout sending State) -> Void = { _ in }) {
    let (waiter, token) = state.withLock { state in
      change(&state)
      defer { (state.waiter, state.token) = (nil, nil) }
      return (state.waiter, state.token)
    }
    loop.forget(token)
    waiter?.resume()
  }
}
