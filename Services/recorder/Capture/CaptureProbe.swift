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
      if let failure = reader.take(head) { return .failed(failure) }
    }
    if let arrival = batch.arrival, !batch.bytes.isEmpty {
      pieces.append((batch.bytes, arrival))
      switch reader.take(batch.bytes, scanned: { _ in }) {
      case .audio: break
      case .unusable(let failure): return .failed(failure)
      case .moved: return .failed(.unusable(.playlist, contentType: reader.contentType))
      }
    }
    switch batch.end {
    case .byServer: return .failed(.closed)
    case .byError(let error): return .failed(SourceFailure(error))
    case nil: return reader.frames > 0 ? .frames : .nothing
    }
  }
}
