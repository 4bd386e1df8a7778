internal import Base
internal import CShims
internal import Glibc

/// Our end of a pipe to or from a child: closed when nothing refers to it any more.
final class PipeEnd: Sendable {
  let descriptor: Int32

  /// Takes the descriptor over.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  enum ReadOutcome {
    case bytes([UInt8])
    case nothingYet
    case end
  }

  /// What is there now, without waiting. A read error counts as the end: a pipe has none but
  /// misuse.
  func read(upTo limit: Int = 1 << 16) -> ReadOutcome {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
      repeat {
        count = Glibc.read(descriptor, buffer.baseAddress, limit)
      } while count < 0 && errno == EINTR
      initialized = max(0, count)
    }
    if count > 0 { return .bytes(bytes) }
    return count < 0 && errno == EAGAIN ? .nothingYet : .end
  }

  /// Writes what fits now and says how many bytes that was. Only where SIGPIPE is blocked.
  func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
    let outcome = bytes.withUnsafeBytes { buffer -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try Syscall.check("write", "the child's input") {
          Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        }
      }
    }
    switch outcome {
    case .success(let count): return count
    case .failure(let error) where error.code == EAGAIN: return 0
    case .failure(let error): throw error
    }
  }

  /// A new pipe: the end that stays here is non-blocking, the other is for the child.
  static func make(
    childReads: Bool, capacity: Int? = nil
  ) throws(SystemError) -> (ours: PipeEnd, childs: PipeEnd) {
    var descriptors: [Int32] = [-1, -1]
    try Syscall.check("pipe2") { airloom_pipe_cloexec(&descriptors) }
    let ours = PipeEnd(descriptors[childReads ? 1 : 0])
    let childs = PipeEnd(descriptors[childReads ? 0 : 1])
    try Syscall.check("fcntl") { airloom_set_nonblocking(ours.descriptor, true) }
    // Refused above /proc/sys/fs/pipe-max-size; the pipe then keeps its size.
    if let capacity { _ = airloom_pipe_capacity(ours.descriptor, Int32(clamping: capacity)) }
    return (ours, childs)
  }
}
