import Base
import Media

/// A segment that is not yet wholly on disk: its bytes stay in memory until they are, so that a
/// failed disk costs nothing for as long as memory lasts.
struct HeldSegment: Sendable {
  let sequence: Int64
  let format: FrameFormat
  let splice: Splice
  var start: Instant
  private(set) var bytes: [UInt8] = []
  private(set) var digest = ByteDigest()
  private(set) var frames: Int64 = 0
  private(set) var samples: Int64 = 0
  /// No more frames will come.
  var isClosed = false

  /// The `.part` file, absolute; nil while there is none.
  var partPath: String?
  var descriptor: Int32?
  /// Bytes that write(2) has taken.
  var written = 0
  /// Bytes that are safe from a power cut.
  var synced = 0

  var duration: Duration { format.duration(ofSamples: samples) }
  var end: Instant { start + duration }

  init(sequence: Int64, format: FrameFormat, splice: Splice, start: Instant) {
    self.sequence = sequence
    self.format = format
    self.splice = splice
    self.start = start
  }

  mutating func append(_ more: UnsafeRawBufferPointer, frames: Int, samples: Int64) {
    bytes.append(contentsOf: more)
    digest.add(more)
    self.frames += Int64(frames)
    self.samples += samples
  }

  func segment(_ stream: StreamID, path: String) -> Segment {
    Segment(
      stream: stream, sequence: sequence, start: start, samples: samples, frames: frames,
      bytes: Int64(bytes.count), format: format, path: path, splice: splice,
      digest: digest.value)
  }
}
