/// A child's output line by line: ended by LF, CR LF or a lone CR (FFmpeg's progress), bytes that
/// are not UTF-8 repaired, and a line without end cut into pieces of `ChildLines.longest` bytes.
public struct ChildLines: AsyncSequence, Sendable {
  public typealias Element = String

  /// Bytes.
  public static let longest = 16 << 10

  let source: ChildOutput

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let source: ChildOutput
    private var splitter = LineSplitter(longest: ChildLines.longest)
    private var isEnded = false

    fileprivate init(source: ChildOutput) { self.source = source }

    public mutating func next() async -> String? {
      while true {
        if let line = splitter.next() { return line }
        if isEnded { return nil }
        if let bytes = await source.read() {
          splitter.append(bytes)
        } else {
          isEnded = true
          splitter.finish()
        }
      }
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }
}

/// Cuts bytes into lines; see `ChildLines` for the rules.
struct LineSplitter {
  private let longest: Int
  private var pending: [UInt8] = []
  /// Where the search for an end goes on.
  private var start = 0
  private var scanned = 0
  private var isFinished = false

  init(longest: Int) { self.longest = longest }

  mutating func append(_ bytes: [UInt8]) {
    pending.removeFirst(start)
    scanned -= start
    start = 0
    pending.append(contentsOf: bytes)
  }

  mutating func finish() { isFinished = true }

  mutating func next() -> String? {
    while scanned < pending.count {
      let byte = pending[scanned]
      if byte == 0x0A || byte == 0x0D {
        // A CR at the very end may be half of CR LF: the next byte tells.
        if byte == 0x0D, scanned + 1 == pending.count, !isFinished { return nil }
        let isPair = byte == 0x0D && scanned + 1 < pending.count && pending[scanned + 1] == 0x0A
        return take(upTo: scanned, skipping: isPair ? 2 : 1)
      }
      scanned += 1
      if scanned - start == longest { return take(upTo: scanned, skipping: 0) }
    }
    return isFinished && start < pending.count ? take(upTo: pending.count, skipping: 0) : nil
  }

  private mutating func take(upTo end: Int, skipping: Int) -> String {
    let line = String(decoding: pending[start..<end], as: UTF8.self)
    start = end + skipping
    scanned = start
    return line
  }
}
