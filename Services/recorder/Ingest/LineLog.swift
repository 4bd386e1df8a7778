import Base
import Media

/// The bytes of one line since the last release, with the times at which they came. A value.
///
/// They are kept in blocks, so that what is released goes back to the system and nothing is moved.
struct LineLog {
  /// Bytes up to `end` had come at that time.
  struct Mark: Hashable {
    var end: Int64
    var arrival: MediaTimeline.Arrival
  }

  static let blockSize = 16 << 10

  /// The offset of the first byte that is held.
  private(set) var start: Int64 = 0
  private(set) var end: Int64 = 0
  /// The first block begins at or before `start`.
  private var blocks: [[UInt8]] = []
  private var firstBlock: Int64 = 0
  private var marks: [Mark] = []
  /// One that was used up, for the next that is needed.
  private var spare: [UInt8]?

  var count: Int { Int(end - start) }

  mutating func append(_ bytes: UnsafeRawBufferPointer, arrival: MediaTimeline.Arrival) {
    guard !bytes.isEmpty else { return }
    var rest = bytes
    while !rest.isEmpty {
      if blocks.last?.count ?? LineLog.blockSize >= LineLog.blockSize { addBlock() }
      let last = blocks.count - 1
      let part = min(rest.count, LineLog.blockSize - blocks[last].count)
      blocks[last].append(contentsOf: rest.prefix(part))
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part))
    }
    end += Int64(bytes.count)
    marks.append(Mark(end: end, arrival: arrival))
  }

  private mutating func addBlock() {
    var block = spare ?? []
    spare = nil
    block.reserveCapacity(LineLog.blockSize)
    blocks.append(block)
  }

  /// What stands before that offset is not held any more.
  mutating func drop(before offset: Int64) {
    let offset = max(start, min(offset, end))
    start = offset
    while let first = blocks.first, firstBlock + Int64(first.count) <= offset,
      first.count == LineLog.blockSize
    {
      firstBlock += Int64(first.count)
      var emptied = blocks.removeFirst()
      emptied.removeAll(keepingCapacity: true)
      spare = emptied
    }
    if let kept = marks.firstIndex(where: { $0.end > offset }) {
      marks.removeFirst(kept)
    } else {
      marks.removeAll(keepingCapacity: true)
    }
  }

  /// The bytes from that offset on that came together, at most `limit` of them: how many, and when.
  /// nil where there are none.
  func piece(at offset: Int64, limit: Int) -> (count: Int, arrival: MediaTimeline.Arrival)? {
    guard offset >= start, offset < end else { return nil }
    // The newest mark is nearly always the one.
    var index = marks.count - 1
    while index > 0, marks[index - 1].end > offset { index -= 1 }
    return (min(limit, Int(marks[index].end - offset)), marks[index].arrival)
  }

  /// Appends bytes that are held.
  func copy(_ count: Int, at offset: Int64, to target: inout [UInt8]) {
    precondition(offset >= start && offset + Int64(count) <= end, "those bytes are not held")
    var position = Int(offset - firstBlock)
    var left = count
    while left > 0 {
      let block = blocks[position / LineLog.blockSize]
      let within = position % LineLog.blockSize
      let part = min(left, block.count - within)
      target.append(contentsOf: block[within..<within + part])
      position += part
      left -= part
    }
  }
}
