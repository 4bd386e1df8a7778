/// The last so many bytes of what a child wrote, and how many there were in all.
struct OutputTail: Sendable {
  let limit: Int
  private(set) var total: Int64 = 0
  private var kept: [UInt8] = []

  init(limit: Int) {
    precondition(limit > 0, "a tail keeps at least one byte")
    self.limit = limit
  }

  mutating func append(_ bytes: some Collection<UInt8>) {
    total += Int64(bytes.count)
    kept.append(contentsOf: bytes.suffix(limit))
    // Cut rarely, so that a talkative child does not cost a copy for each line.
    if kept.count > 2 * limit { kept.removeFirst(kept.count - limit) }
  }

  var bytes: [UInt8] { Array(kept.suffix(limit)) }
}
