import Base
import Glibc
import Media
import Messages

/// Takes the frames of a window off the tape: those whose first sample lies in [start, end), so
/// that every frame belongs to exactly one of two windows that touch.
///
/// Frames of one format go into one file; where the stream changed its format within the window
/// there are several. A segment that cannot be read, or holds less than its row says, costs only
/// itself and is seen in `spans`.
struct Cutter {
  struct Part: Hashable, Sendable {
    var path: String
    var format: FrameFormat
    var digest: FrameDigest
  }

  struct Result: Sendable {
    var parts: [Part]
    /// What was really read, by its labels.
    var spans: [WindowAccount.Span]
    /// Spans of segments that are gone or shorter than they were.
    var damaged: [Gap]
    var longestFrame: Duration
  }

  /// The tape folder.
  let root: String

  /// Writes `<prefix>.0.mp3` and so on, synced. Blocks.
  func cut(
    _ segments: [Segment], from start: Instant, to end: Instant, prefix: String
  ) throws(SystemError) -> Result {
    var writer = PartWriter(prefix: prefix)
    var spans: [WindowAccount.Span] = []
    var damaged: [Gap] = []
    var longestFrame = Duration.zero
    for segment in segments {
      guard let run = segment.run else { continue }
      var samples: Int64 = 0
      var failure: SystemError?
      func take(_ frame: FrameScanner.Frame, _ bytes: UnsafeRawBufferPointer) {
        guard frame.format == run.format, failure == nil else { return }
        let label = segment.start + frame.format.duration(ofSamples: samples)
        samples += Int64(frame.samples)
        longestFrame = max(
          longestFrame, frame.format.duration(ofSamples: Int64(frame.samples)))
        guard label >= start, label < end else { return }
        do throws(SystemError) { try writer.add(bytes, frame) } catch { failure = error }
      }
      do throws(SystemError) {
        try FrameFile.read(
          root + "/" + segment.path, preamble: { writer.preambles[$0.setup] = $1 }, take)
      } catch {
        samples = 0
      }
      if let failure { throw failure }
      let reached = segment.start + run.format.duration(ofSamples: samples)
      if samples > 0 { spans.append(WindowAccount.Span(start: segment.start, end: reached)) }
      if samples < run.samples {
        damaged.append(
          Gap(
            start: reached, end: segment.end, cause: .tapeDamaged,
            detail: "The file \(segment.path) of the tape is gone or damaged."))
      }
    }
    return Result(
      parts: try writer.finish(), spans: spans, damaged: damaged, longestFrame: longestFrame)
  }
}

/// Writes frames into files, a new one for each change of format.
private struct PartWriter {
  let prefix: String
  /// What must stand before the frames of a format, by its setup.
  var preambles: [UInt64: [UInt8]] = [:]
  private var parts: [Cutter.Part] = []
  private var descriptor: Int32?
  private var buffer: [UInt8] = []

  init(prefix: String) { self.prefix = prefix }

  mutating func add(
    _ bytes: UnsafeRawBufferPointer, _ frame: FrameScanner.Frame
  ) throws(SystemError) {
    if parts.last?.format != frame.format { try begin(frame.format) }
    buffer.append(contentsOf: bytes)
    parts[parts.count - 1].digest.add(bytes, samples: frame.samples, codec: frame.format.codec)
    if buffer.count >= 1 << 20 { try flush() }
  }

  mutating func finish() throws(SystemError) -> [Cutter.Part] {
    try end()
    return parts
  }

  private mutating func begin(_ format: FrameFormat) throws(SystemError) {
    try end()
    let path = "\(prefix).\(parts.count).\(format.codec.fileExtension)"
    descriptor = try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    }
    parts.append(Cutter.Part(path: path, format: format, digest: FrameDigest()))
    buffer += preambles[format.setup] ?? []
  }

  private mutating func flush() throws(SystemError) {
    guard let descriptor, let path = parts.last?.path else { return }
    try buffer.withUnsafeBytes { bytes in
      Result { () throws(SystemError) in try Syscall.writeAll(bytes, to: descriptor, path) }
    }.get()
    buffer.removeAll(keepingCapacity: true)
  }

  private mutating func end() throws(SystemError) {
    guard let descriptor else { return }
    try flush()
    try Syscall.check("fdatasync", parts.last?.path) { fdatasync(descriptor) }
    close(descriptor)
    self.descriptor = nil
  }
}
