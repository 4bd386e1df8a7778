import Base
import HTTPClient
import Media
import Messages
import Storage

/// What every capture of a recorder shares.
struct CaptureEnvironment: Sendable {
  let node: NodeID
  /// The tape folder.
  let root: String
  let database: Database
  let client: HTTPClient
  let time: any TimeSource
  let disk: any TapeDisk
  var cut = SegmentCutPolicy()
  /// A logger bound to the stream, which also writes into the logs of its recordings.
  let log: @Sendable (StreamID) -> Logger
  /// Told of every change of state; must be quick.
  let onStatus: @Sendable (CaptureStatus) -> Void
}

/// Numbers of one capture, for metrics.
struct CaptureFigures: Sendable {
  var isCapturing: Bool
  var writtenBytes: Int64
  var skippedBytes: Int64
  /// Audio in memory that is not on disk.
  var heldSeconds: Double
}
