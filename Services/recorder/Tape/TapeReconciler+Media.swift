import Base
import Media
import Messages

/// Segments of HLS streams that were put in their place and not entered.
extension TapeReconciler {
  /// A media segment that was put in its place and not entered. What its name and content do not
  /// tell is as in the segment before it.
  func adopt(
    _ stream: StreamID, _ path: String, _ name: MediaPath.Name, _ rows: [Segment]
  ) throws(SystemError) -> Segment? {
    let before = rows.first { $0.sequence < name.sequence && $0.media != nil }?.media
    var section: [UInt8]?
    if path.hasSuffix("." + MediaPath.fileExtension(.fragmentedMP4)) {
      let hash = before?.initialisation ?? onlySection(of: stream)
      guard let hash else { return nil }
      section = try DurableFile.read(
        root + "/" + MediaPath.initialisation(stream, sha256: hash))
    }
    let bytes = try DurableFile.read(root + "/" + path)
    guard let inspection = try? SegmentInspection.inspect(bytes, initialisation: section) else {
      return nil
    }
    return Segment(
      stream: stream, sequence: name.sequence, start: name.start, bytes: Int64(bytes.count),
      content: .media(
        MediaContent(
          container: inspection.container,
          duration: inspection.duration ?? before?.duration ?? .zero,
          codecs: inspection.codecs ?? before?.codecs ?? "",
          height: inspection.height ?? before?.height,
          initialisation: section.map { hexadecimal(SHA256.hash($0)) },
          isIndependent: inspection.isIndependent, mediaSequence: name.mediaSequence,
          discontinuity: before?.discontinuity ?? 0, address: "")), path: path,
      splice: .continuous, isRecovered: true, digest: ByteDigest(of: bytes).value)
  }

  private func onlySection(of stream: StreamID) -> String? {
    let names = FolderListing.names(in: root + "/" + MediaPath.initialisationFolder(stream))
      .filter { $0.hasSuffix(".mp4") }
    return names.count == 1 ? String(names[0].dropLast(4)) : nil
  }
}
