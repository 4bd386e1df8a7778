import Base
import Media

/// How a new connection's first chunks find their place on the tape.
extension TransportAssembler {
  /// Counts off what comes again; what comes first after it follows the tape's end.
  mutating func follow(
    _ known: ArraySlice<UInt64>, _ chunk: TransportChunkScanner.Chunk, _ tables: [UInt8],
    _ emit: (Output) -> Void
  ) {
    guard let next = known.first else { return goOn(before: chunk, emit) }
    replay = isSame(chunk, tables, as: next) ? known.dropFirst() : nil
  }

  /// A file that begins with a chunk without tables has the newest ones before it.
  private func isSame(
    _ chunk: TransportChunkScanner.Chunk, _ tables: [UInt8], as hash: UInt64
  ) -> Bool {
    chunk.hash == hash
      || !chunk.hasTables && (tables + chunk.bytes).withUnsafeBytes { frameHash($0) } == hash
  }

  private mutating func goOn(before chunk: TransportChunkScanner.Chunk, _ emit: (Output) -> Void) {
    replay = nil
    guard let end else { return }
    pending = []
    isPlaced = true
    join(at: position - chunk.duration, end, emit)
  }

  /// The tape's end is at that place of the connection.
  private mutating func join(at ticks: Int64, _ end: Instant, _ emit: (Output) -> Void) {
    timeline = MediaTimeline(continuingFrom: end - duration(ticks), sampleRate: MediaClock.rate)
    nextSplice = .exact
    emit(.contact(end))
  }

  /// The first chunks of a connection, by what the tape has of them.
  mutating func place(_ emit: (Output) -> Void, isFinal: Bool = false) {
    let waiting = pending
    pending = []
    isPlaced = true
    guard !waiting.isEmpty else { return }
    let known = Set(tail.hashes)
    let last = waiting.lastIndex { known.contains($0.chunk.hash) }
    var ticks = position - waiting.reduce(0) { $0 + $1.chunk.duration }
    let joins = last.map { tail.hashes.last == waiting[$0].chunk.hash } ?? false
    if !isFinal, !joins, last == waiting.count - 1, isBehindTape {
      isPlaced = false
      return
    }
    if joins, let end {
      let skipped = waiting[...(last ?? 0)].reduce(0) { $0 + $1.chunk.duration }
      join(at: ticks + skipped, end, emit)
    }
    var isFirst = true
    for (index, item) in waiting.enumerated() {
      let chunk = item.chunk
      defer { ticks += chunk.duration }
      if let last, index <= last { continue }
      var start = label(ticks)
      if isFirst, !joins, let end {
        // By its time the tape has it already.
        if start + duration(chunk.duration) / 2 < end { continue }
        let distance = start - end
        nextSplice = distance < Self.seam ? .ambiguous : .afterGap
        if distance < Self.seam {
          timeline = MediaTimeline(
            continuingFrom: end - duration(ticks), sampleRate: MediaClock.rate)
          start = end
        }
      }
      if isFirst, !joins { emit(.contact(start)) }
      isFirst = false
      append(chunk, tables: item.tables, at: start, emit)
    }
  }

  /// A connection that was made beside another brings what that one brought, until it has caught up.
  private var isBehindTape: Bool {
    end.map { label(position) < $0 + Self.seam } ?? false
  }
}
