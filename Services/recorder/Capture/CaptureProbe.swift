import Base
import HTTPClient
import Media

/// A second connection to a stream whose first one is silent or doubted: everything that it brings is
/// kept in memory until it is clear which of the two goes on.
struct CaptureProbe {
  enum Finding {
    case nothing
    case frames
    case failed(SourceFailure)
    /// The address is a list; the stream is at this one.
    case moved(String)
    /// The address is a page, and its stream was found.
    case resolved
    /// The address is an HLS playlist.
    case hls
  }

  /// More is not worth keeping.
  static let largest = 64 << 20

  let connection: CaptureConnection
  let address: String
  private(set) var head: HTTPHead?
  /// What came, with the time at which it came.
  private(set) var pieces: [(bytes: [UInt8], arrival: MediaTimeline.Arrival)] = []
  /// What is wrong with what comes.
  var ladder: StallLadder
  /// Of all frames, in order, the oldest leaving first; for a comparison with those of the first one.
  private(set) var tail = FrameTail(capacity: 1000)
  /// When sound or picture came first, in whatever container.
  private(set) var firstMedia: Monotonic?
  private var reader = SourceReader()
  /// Bytes in `pieces`.
  private(set) var held = 0

  /// `expected`: what the address was when it was captured before.
  init(
    connection: CaptureConnection, address: String, expected: StallLadder.Identity? = nil
  ) {
    self.connection = connection
    self.address = address
    ladder = StallLadder(expected: expected)
  }

  mutating func take(_ batch: CaptureConnection.Batch) -> Finding {
    if let head = batch.head {
      self.head = head
      ladder.note(station: head.station)
      if let finding = other(reader.take(head)) { return finding }
    }
    if let arrival = batch.arrival, !batch.bytes.isEmpty {
      keep(batch.bytes, arrival)
      ladder.note(bytes: batch.bytes.count)
      var found: [FrameScanner.Frame] = []
      let finding = reader.take(batch.bytes) { found += $0.frames }
      ladder.note(found, now: arrival.monotonic)
      for frame in found { tail.append(frame.hash) }
      if firstMedia == nil, reader.frames > 0 { firstMedia = arrival.monotonic }
      if let finding = other(finding) { return finding }
    }
    switch batch.end {
    case .byServer:
      // A list is whole when its server says so.
      let last = reader.frames == 0 ? other(reader.finish(scanned: { _ in })) : nil
      return last ?? .failed(.closed)
    case .byFailure(let failure): return .failed(failure)
    case nil: return reader.frames > 0 ? .frames : .nothing
    }
  }

  /// All pieces as one, which came with the last.
  var whole: [(bytes: [UInt8], arrival: MediaTimeline.Arrival)] {
    pieces.last.map { [(pieces.flatMap(\.bytes), $0.arrival)] } ?? []
  }

  private mutating func keep(_ bytes: [UInt8], _ arrival: MediaTimeline.Arrival) {
    pieces.append((bytes, arrival))
    held += bytes.count
  }

  private func other(_ finding: SourceReader.Finding) -> Finding? {
    switch finding {
    case .audio: nil
    case .unusable(let failure): .failed(failure)
    case .moved(let url): .moved(url)
    case .resolved: .resolved
    case .hls: .hls
    }
  }
}

extension HTTPHead {
  /// What the station calls itself.
  var station: String? {
    headers["icy-name"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
