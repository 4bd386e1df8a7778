internal import Glibc
internal import Synchronization

/// Reads a pipe on the loop's thread for as long as the child lives, and keeps the tail.
///
/// `@unchecked Sendable`: `token` is touched on the loop's thread only.
final class TailReader: @unchecked Sendable {
  private let pipe: PipeEnd
  private let loop: ChildLoop
  private let tail: Mutex<OutputTail>
  private var token: ChildLoop.Token?

  init(_ pipe: PipeEnd, limit: Int, _ loop: ChildLoop) {
    self.pipe = pipe
    self.loop = loop
    tail = Mutex(OutputTail(limit: limit))
  }

  var bytes: [UInt8] { tail.withLock { $0.bytes } }

  func begin() {
    token = loop.watch(pipe.descriptor, POLLIN) { [self] in
      if case .end = takeOnce() { token = nil } else { begin() }
    }
  }

  /// Takes what is there now and reads no more: the child is gone, and a stranger that still holds
  /// the other end is not waited for.
  func finish() {
    loop.forget(token)
    // Bounded, for a stranger that goes on writing: more than the system lets a pipe hold.
    for _ in 0..<64 {
      guard case .bytes = takeOnce() else { return }
    }
  }

  private func takeOnce() -> PipeEnd.ReadOutcome {
    let outcome = pipe.read()
    if case .bytes(let bytes) = outcome { tail.withLock { $0.append(bytes) } }
    return outcome
  }
}
