import Base
import Configuration
import HTTPClient
import Messages
import Storage

/// What every capture of a recorder shares.
struct CaptureEnvironment: Sendable {
  let node: NodeID
  /// The tape folder.
  let root: String
  let database: Database
  /// Where streams' connections come from.
  let opener: any SourceOpener
  /// For what is fetched whole: playlists and their segments.
  let client: HTTPClient
  let time: any TimeSource
  let disk: any TapeDisk
  /// For what waits for that disk.
  var memory = HeldMemory()
  var settings = CaptureSettings()
  let metrics: RecorderMetrics
  /// A logger bound to the stream, which also writes into the logs of its recordings.
  var log: @Sendable (StreamID) -> Logger
  /// Told of every change of state; must be quick.
  var onStatus: @Sendable (CaptureStatus) -> Void
  /// Told where a stream's sound is, once its station is known: apart from its picture, or nil.
  var onSound: @Sendable (StreamDefinition, String?) -> Void = { _, _ in }
}

/// How captures behave, from the settings.
struct CaptureSettings: Sendable {
  var segment = Duration.seconds(4)
  var syncEvery = Duration.seconds(2)
  var limits = CapturePolicy.Limits()
  /// Patterns of addresses that are pages.
  var pages: [String] = []
  var trials = TrialPolicy.Limits()

  init() {}

  init(_ settings: Settings.Recorder) {
    segment = settings.segment
    syncEvery = settings.syncEvery
    pages = PageSettings(settings).pages
    limits.stall = settings.stallAfter
    limits.connect = settings.connectTimeout
    limits.reconnectCap = settings.reconnectCap
  }
}

/// Numbers of one capture, for metrics.
struct CaptureFigures: Sendable {
  var isCapturing: Bool
  var writtenBytes: Int64
  var skippedBytes: Int64
  /// Audio in memory that is not on disk.
  var heldSeconds: Double
  /// What keeps it from storing, in one sentence.
  var fault: String?
}
