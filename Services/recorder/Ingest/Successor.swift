import Base
import HTTPClient
import Media

/// A new connection that is to take the place of one that works: what it brings is kept in memory until
/// the tape has met it, so that nothing is missing between the two and nothing is there twice.
struct Successor {
  enum Finding {
    case nothing
    /// The tape can go on with it now.
    case ready
    /// The address is a list, or a page; the stream is at this one.
    case moved(String)
    /// It cannot be taken over piece by piece (an HLS playlist), or brings nothing.
    case unfit
  }

  /// The old connection goes on for so long after the new one's first frames, so that the tape ends with
  /// frames that the new one has brought too.
  static let overlap = Duration.seconds(2)
  /// In silence all frames are alike: it is waited for others, but not for ever.
  static let patience = Duration.seconds(30)
  private static let distinctFrames = 3
  private static let largest = 8 << 20

  let connection: CaptureConnection
  let address: String
  let since: Monotonic
  private(set) var head: HTTPHead?
  /// What came, with the time at which it came.
  private(set) var pieces: [(bytes: [UInt8], arrival: MediaTimeline.Arrival)] = []
  private var held = 0
  private var reader = SourceReader()
  private var framesSince: Monotonic?
  private var hashes: Set<UInt64> = []

  init(connection: CaptureConnection, address: String, now: Monotonic) {
    self.connection = connection
    self.address = address
    since = now
  }

  mutating func take(_ batch: CaptureConnection.Batch, now: Monotonic) -> Finding {
    if let head = batch.head {
      self.head = head
      if let verdict = verdict(reader.take(head)) { return verdict }
    }
    if let arrival = batch.arrival, !batch.bytes.isEmpty {
      pieces.append((batch.bytes, arrival))
      held += batch.bytes.count
      var found: Set<UInt64> = []
      let finding = reader.take(batch.bytes) { scanner in
        for frame in scanner.frames { found.insert(frame.hash) }
      }
      if hashes.count < Successor.distinctFrames { hashes.formUnion(found) }
      if let verdict = verdict(finding) { return verdict }
    }
    guard batch.end == nil else { return .unfit }
    if reader.frames > 0, framesSince == nil { framesSince = now }
    return isReady(now) ? .ready : .nothing
  }

  func isReady(_ now: Monotonic) -> Bool {
    guard let framesSince else { return false }
    let isTelling = hashes.count >= Successor.distinctFrames
    return now - framesSince >= (isTelling ? Successor.overlap : Successor.patience)
      || held > Successor.largest
  }

  /// Whether it brings frames at all; a moment is given to it.
  func hasFailed(_ now: Monotonic, limit: Duration) -> Bool {
    framesSince == nil && now - since >= limit
  }

  private func verdict(_ finding: SourceReader.Finding) -> Finding? {
    switch finding {
    case .audio: nil
    case .moved(let url): .moved(url)
    default: .unfit
    }
  }
}
