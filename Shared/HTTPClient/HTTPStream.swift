/// An answer whose body is read piece by piece: `for try await chunk in stream`.
///
/// One reader. Letting go of it, or cancelling the reading task, closes the connection.
public final class HTTPStream: AsyncSequence, AsyncIteratorProtocol, Sendable {
  public typealias Element = HTTPChunk
  public typealias Failure = HTTPError

  public let head: HTTPHead
  private let queue: ChunkQueue
  private let transfer: HTTPTransfer

  init(head: HTTPHead, queue: ChunkQueue, transfer: HTTPTransfer) {
    self.head = head
    self.queue = queue
    self.transfer = transfer
  }

  deinit { transfer.cancel() }

  public func makeAsyncIterator() -> HTTPStream { self }

  /// nil when the server has ended the body.
  public func next() async throws(HTTPError) -> HTTPChunk? {
    let result = await withTaskCancellationHandler {
      await queue.next()
    } onCancel: {
      transfer.cancel()
    }
    return try result.get()
  }

  public func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> HTTPChunk? {
    try await next()
  }

  public func cancel() { transfer.cancel() }
}
