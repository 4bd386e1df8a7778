internal import Base

/// The part of a file that is offered to the far end: what is on its way and not yet acknowledged,
/// with more behind it, so that the line never runs dry.
///
/// A buffer of twice the window; it moves its content to its front only when its end is reached,
/// which copies each byte about once.
struct SendWindow: ~Copyable {
  /// What is offered at once. 4.2 MB carries about 40 MB/s over a line of 40 ms; a multiple of the
  /// 30,000 bytes that libssh2 puts into one request.
  static let length = 140 * 30_000

  private let source: SourceFile
  private let buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  /// Where in the file `end` is.
  private var readTo: Int64

  init(over source: SourceFile, from offset: Int64) {
    self.source = source
    readTo = offset
    buffer = .allocate(byteCount: 2 * SendWindow.length, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Where in the file the first unacknowledged byte is.
  var position: Int64 { readTo - Int64(end - start) }

  /// The bytes to offer now; empty at the end of the file.
  mutating func bytes() throws(DeliveryError) -> UnsafeRawBufferPointer {
    let wanted = min(SendWindow.length, Int(clamping: source.size - position))
    if end - start < wanted {
      if start + wanted > buffer.count { moveToFront() }
      // Read on as far as the buffer goes rather than in sips of one acknowledgement.
      let count = min(buffer.count - end, Int(clamping: source.size - readTo))
      try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[end..<end + count]), at: readTo)
      end += count
      readTo += Int64(count)
    }
    return UnsafeRawBufferPointer(rebasing: buffer[start..<start + wanted])
  }

  mutating func acknowledge(_ count: Int) { start += count }

  private mutating func moveToFront() {
    let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    // memmove semantics: the two may overlap.
    buffer.copyMemory(from: rest)
    end -= start
    start = 0
  }
}
