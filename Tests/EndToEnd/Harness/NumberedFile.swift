import Base
import Media
import Messages
import TestSupport

/// What a recorded file holds, judged by the frames that the source sent.
struct NumberedFile: Sendable {
  let report: NumberedReport
  /// Bytes that are neither tags in front nor frames of the source.
  let strangeBytes: Int
  let frames: NumberedFrames

  /// An MP3 file: ID3v2 tags, then frames and nothing else.
  init(mp3 path: String, of frames: NumberedFrames) throws {
    let bytes = try DurableFile.read(path)
    report = NumberedReport(bytes, of: frames)
    let frameBytes = report.numbers.reduce(0) { $0 + frames.frame($1).count }
    strangeBytes = bytes.count - NumberedFile.tagLength(bytes) - frameBytes
    self.frames = frames
  }

  /// An M4A file: the frames' contents among the container's own bytes.
  init(m4a path: String, of frames: NumberedFrames) throws {
    report = try NumberedReport(fileAt: path, of: frames)
    strangeBytes = 0
    self.frames = frames
  }

  /// Everything is of the source, in order and once; frames may be missing.
  var isFaithful: Bool {
    !report.numbers.isEmpty && report.duplicates.isEmpty && report.reordered.isEmpty
      && report.corrupt == 0 && report.foreign == 0 && strangeBytes == 0
  }

  /// As `isFaithful`, and nothing is missing between the first frame and the last.
  var isSeamless: Bool { isFaithful && report.isSeamless }

  var duration: Duration { frames.start(ofFrame: UInt64(report.numbers.count)) }

  /// How much is missing between the first and the last frame.
  var missing: Duration { frames.start(ofFrame: UInt64(report.missing.count)) }

  /// How much later than the window's start the first frame went out (negative: before it), and the
  /// same at the end. A frame stands for the time before it goes out.
  func offsets(
    from start: Instant, to end: Instant, in source: NumberedIcecastSource
  ) throws -> (start: Duration, end: Duration) {
    let sent = Dictionary(
      source.log.map { ($0.number, $0.at) }, uniquingKeysWith: { first, _ in first })
    guard let first = report.numbers.first.flatMap({ sent[$0] }),
      let last = report.numbers.last.flatMap({ sent[$0] })
    else { throw TestFailure("the file holds frames that were not sent: \(report)") }
    return (first - start, last - end)
  }

  private static func tagLength(_ bytes: [UInt8]) -> Int {
    guard bytes.count > 10, bytes.starts(with: Array("ID3".utf8)) else { return 0 }
    // Four bytes of seven bits each (ID3v2.3 §3.1).
    return 10 + bytes[6..<10].reduce(0) { $0 << 7 | Int($1) }
  }
}
