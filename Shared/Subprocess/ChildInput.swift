internal import Base
internal import Glibc
internal import Synchronization

/// A child's standard input as a pipe. Writes keep their order; each waits until the child has
/// room, and fails when the child closed its end or is gone.
///
/// `@unchecked Sendable`: everything but `loop` is touched on the loop's thread only.
public final class ChildInput: @unchecked Sendable {
  private struct Pending {
    var rest: ArraySlice<UInt8>
    let done: @Sendable (Result<Void, ChildError>) -> Void
  }

  private let loop: ChildLoop
  private var pipe: PipeEnd?
  private var queue: [Pending] = []
  private var isWatching = false
  private var closesWhenEmpty = false

  init(_ pipe: PipeEnd, _ loop: ChildLoop) {
    self.pipe = pipe
    self.loop = loop
  }

  /// Returns when the last byte is in the pipe.
  public func write(_ bytes: [UInt8]) async throws(ChildError) {
    let result = await withCheckedContinuation { continuation in
      loop.perform { [self] in
        queue.append(Pending(rest: bytes[...]) { continuation.resume(returning: $0) })
        advance()
      }
    }
    try result.get()
  }

  /// The end of the input, after what was written before.
  public func close() {
    loop.perform { [self] in
      closesWhenEmpty = true
      advance()
    }
  }

  /// Offers bytes without waiting for room; on the loop's thread.
  func offer(_ text: String) {
    guard queue.isEmpty, let pipe else { return }
    _ = try? pipe.write(Array(text.utf8)[...])
  }

  /// The child is gone; on the loop's thread.
  func childIsGone() {
    pipe = nil
    let waiting = queue
    queue = []
    let error = ChildError(.inputClosed, "the child ended before it had read all its input")
    for pending in waiting { pending.done(.failure(error)) }
  }

  private func advance() {
    guard !isWatching else { return }
    while let first = queue.first {
      guard let pipe else { return childIsGone() }
      do {
        let count = try pipe.write(first.rest)
        queue[0].rest = first.rest.dropFirst(count)
      } catch {
        return childIsGone()
      }
      if queue[0].rest.isEmpty {
        queue.removeFirst().done(.success(()))
      } else {
        isWatching = true
        _ = loop.watch(pipe.descriptor, POLLOUT) { [self] in
          isWatching = false
          advance()
        }
        return
      }
    }
    if closesWhenEmpty { pipe = nil }
  }
}
