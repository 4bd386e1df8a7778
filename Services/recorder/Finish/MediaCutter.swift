import Base
import Glibc
import Media
import Messages

/// Takes the media segments of a window off the tape: whole ones, because what lies within a segment
/// cannot be taken apart without decoding. The first one is that which holds the window's start, the
/// last one that which holds its end.
///
/// Segments that follow each other without a seam go into one file as they are (behind their
/// initialisation section, where they have one); a new file begins where something is missing or the
/// station says that timestamps begin anew.
struct MediaCutter {
  /// Segments without a seam between them.
  struct Run: Hashable, Sendable {
    var path: String
    var container: SegmentInspection.Container
    var codecs: String
    var initialisation: String?
    var height: Int?
    var start: Instant
    var end: Instant
    /// Where its sections' bytes end.
    var prefixBytes: Int
    /// Its first segment's own time.
    var mediaStart: Duration?

    var hasPicture: Bool {
      height != nil
        || codecs.split(separator: ",").contains { codec in
          ["avc1", "avc3", "hvc1", "hev1", "mp2v"].contains(codec.prefix(4))
        }
    }
  }

  struct Result: Sendable {
    var runs: [Run]
    /// What was really read, by its labels.
    var spans: [WindowAccount.Span]
    /// Spans of segments that are gone or not what they were.
    var damaged: [Gap]
  }

  /// The tape folder.
  let root: String

  /// Writes `<prefix>.0.ts` and so on, synced. Blocks.
  func cut(_ segments: [Segment], prefix: String) throws(SystemError) -> Result {
    var result = Result(runs: [], spans: [], damaged: [])
    var descriptor: Int32?
    defer { if let descriptor { close(descriptor) } }
    var before: Segment?
    for segment in segments {
      guard let media = segment.media else { continue }
      guard let bytes = try? DurableFile.read(root + "/" + segment.path),
        bytes.count == Int(segment.bytes),
        let section = section(media, segment.stream)
      else {
        result.damaged.append(
          Gap(
            start: segment.start, end: segment.end, cause: .tapeDamaged,
            detail: "The file \(segment.path) of the tape is gone or damaged."))
        before = nil
        continue
      }
      if let before, MediaCutter.follows(segment, before) {
        // What lies between two labels of segments that follow each other is rounding.
        result.spans[result.spans.count - 1].end = max(before.end, segment.start)
      } else {
        if let descriptor { try MediaCutter.finish(descriptor) }
        let path =
          "\(prefix).\(result.runs.count).\(MediaPath.fileExtension(media.container))"
        descriptor = try Syscall.check("open", path) {
          open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        }
        result.runs.append(
          Run(
            path: path, container: media.container, codecs: media.codecs,
            initialisation: media.initialisation, height: media.height, start: segment.start,
            end: segment.end, prefixBytes: section.count,
            mediaStart: (try? SegmentInspection.inspect(
              bytes, initialisation: section.isEmpty ? nil : section))?.start))
        if let descriptor { try MediaCutter.write(section, descriptor, path) }
      }
      if let descriptor { try MediaCutter.write(bytes, descriptor, segment.path) }
      result.runs[result.runs.count - 1].end = segment.end
      result.spans.append(WindowAccount.Span(start: segment.start, end: segment.end))
      before = segment
    }
    if let last = descriptor {
      try MediaCutter.finish(last)
      descriptor = nil
    }
    return result
  }

  private static func follows(_ segment: Segment, _ before: Segment) -> Bool {
    guard let media = segment.media, let earlier = before.media else { return false }
    let hole = segment.start - before.end
    return media.mediaSequence == earlier.mediaSequence + 1
      && segment.sequence == before.sequence + 1 && media.container == earlier.container
      && media.initialisation == earlier.initialisation
      && segment.splice != .discontinuity && segment.splice != .afterGap
      && hole <= HLSLabels.seam
  }

  /// Empty where none is needed; nil where it is gone.
  private func section(_ media: MediaContent, _ stream: StreamID) -> [UInt8]? {
    guard let hash = media.initialisation else { return [] }
    return try? DurableFile.read(root + "/" + MediaPath.initialisation(stream, sha256: hash))
  }

  private static func write(
    _ bytes: [UInt8], _ descriptor: Int32, _ path: String
  ) throws(SystemError) {
    try bytes.withUnsafeBytes { bytes in
      Swift.Result { () throws(SystemError) in try Syscall.writeAll(bytes, to: descriptor, path) }
    }.get()
  }

  private static func finish(_ descriptor: Int32) throws(SystemError) {
    defer { close(descriptor) }
    try Syscall.check("fdatasync") { fdatasync(descriptor) }
  }
}
