import Base
import HTTPClient
import Media

/// A second connection to a stream whose first one is silent: what it brings is kept in memory until
/// it is clear which of the two goes on.
struct CaptureProbe {
  enum Finding {
    case nothing
    case frames
    case failed(SourceFailure)
  }

  let connection: CaptureConnection
  let address: String
  private(set) var head: HTTPHead?
  /// What came, with the time at which it came.
  private(set) var pieces: [(bytes: [UInt8], arrival: MediaTimeline.Arrival)] = []
  private var reader = SourceReader()

  init(connection: CaptureConnection, address: String) {
    self.connection = connection
    self.address = address
  }

  mutating func take(_ batch: CaptureConnection.Batch) -> Finding {
    if let head = batch.head {
      self.head = head
      if let finding = CaptureProbe.refused(reader.take(head), head) { return finding }
    }
    if let arrival = batch.arrival, !batch.bytes.isEmpty {
      pieces.append((batch.bytes, arrival))
      if let finding = CaptureProbe.refused(reader.take(batch.bytes, scanned: { _ in }), head) {
        return finding
      }
    }
    switch batch.end {
    case .byServer: return .failed(.closed)
    case .byFailure(let failure): return .failed(failure)
    case nil: return reader.frames > 0 ? .frames : .nothing
    }
  }

  /// A list in the place of a stream that has only fallen silent is no help.
  private static func refused(_ finding: SourceReader.Finding, _ head: HTTPHead?) -> Finding? {
    let contentType = head?.headers["Content-Type"]
    switch finding {
    case .audio: return nil
    case .unusable(let failure): return .failed(failure)
    case .moved, .resolved: return .failed(.unusable(.playlist, contentType: contentType))
    case .hls: return .failed(.unusable(.hls, contentType: contentType))
    }
  }
}
