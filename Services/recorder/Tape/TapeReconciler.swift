import Base
import Glibc
import Media
import Messages
import Storage

/// Brings disk and database together when the recorder starts, before anything is captured:
///
/// - a `.part` file is cut to its whole frames, synced, named and entered (`is_recovered`);
/// - a segment without a row is entered;
/// - a row without its file is taken away, and its span becomes a gap (tape damaged);
/// - of HLS streams, `.part` files are thrown away: the station has those segments still.
///
/// Each step can be repeated, so a crash in the middle costs nothing. Only the newest hours of each
/// tape are looked at: older ones were reconciled by earlier starts.
struct TapeReconciler {
  struct Report: Hashable, Sendable {
    var salvaged = 0
    var adopted = 0
    var missing = 0
    var removed = 0
  }

  let root: String
  /// How many of a stream's newest folders (one per hour) are looked at.
  var hours = 3

  /// Every stream that has a folder or a row. Blocks; for the recorder's start.
  func run(
    _ database: Database, log: Logger, isolation: isolated (any Actor)? = #isolation
  ) async throws -> Report {
    var report = Report()
    for stream in FolderListing.names(in: root).compactMap({ StreamID($0) }) {
      try await reconcile(stream, database, &report, log)
    }
    return report
  }

  private func reconcile(
    _ stream: StreamID, _ database: Database, _ report: inout Report, _ log: Logger,
    isolation: isolated (any Actor)? = #isolation
  ) async throws {
    let folders = newestHours(of: stream)
    guard let oldest = folders.first else { return }
    let files = folders.flatMap { folder in
      FolderListing.names(in: root + "/" + folder).compactMap { name in
        TapePath.parse(name).map { (path: folder + "/" + name, name: $0) }
      }
    }
    let rows = try await database.read { transaction in
      try SegmentCatalog.last(stream, count: 3600 * hours, transaction)
    }
    let media = folders.flatMap { folder in
      FolderListing.names(in: root + "/" + folder).compactMap { name in
        MediaPath.parse(name).map { (path: folder + "/" + name, name: $0) }
      }
    }
    let known = Set(rows.map(\.path))
    let sequences = Set(rows.map(\.sequence))
    var found: [Segment] = []
    for file in files where !known.contains(file.path) {
      // The same frames are on the tape already, under the final name.
      let isDouble =
        sequences.contains(file.name.sequence)
        || (file.name.isPart
          && files.contains { !$0.name.isPart && $0.name.sequence == file.name.sequence })
      if isDouble {
        unlink(root + "/" + file.path)
        report.removed += 1
      } else if let segment = try recover(stream, file.path, file.name) {
        found.append(segment)
        if file.name.isPart { report.salvaged += 1 } else { report.adopted += 1 }
        log.warning(
          "segment recovered", ("stream", stream), ("path", segment.path),
          ("seconds", segment.duration.inSeconds))
      } else {
        report.removed += 1
      }
    }
    for file in media where !known.contains(file.path) {
      if file.name.isPart || sequences.contains(file.name.sequence) {
        unlink(root + "/" + file.path)
        report.removed += 1
      } else if let segment = try adopt(stream, file.path, file.name, rows) {
        found.append(segment)
        report.adopted += 1
        log.warning("segment recovered", ("stream", stream), ("path", segment.path))
      } else {
        log.warning("file is no whole segment", ("stream", stream), ("path", file.path))
      }
    }
    let present = Set(files.map(\.path) + media.map(\.path))
    let lost = rows.filter { row in
      DurableFile.folder(of: row.path) >= oldest && !present.contains(row.path)
    }
    report.missing += lost.count
    try await enter(stream, found, lost, database, log)
  }

  private func enter(
    _ stream: StreamID, _ found: [Segment], _ lost: [Segment], _ database: Database,
    _ log: Logger, isolation: isolated (any Actor)? = #isolation
  ) async throws {
    guard !found.isEmpty || !lost.isEmpty else { return }
    for row in lost { log.error("segment is gone", ("stream", stream), ("path", row.path)) }
    try await database.write { transaction in
      for segment in found { try SegmentCatalog.insert(segment, transaction) }
      for row in lost {
        try SegmentCatalog.remove(stream, sequence: row.sequence, transaction)
        try GapCatalog.insert(
          stream,
          Gap(
            start: row.start, end: row.end, cause: .tapeDamaged,
            detail: "The file \(row.path) of the tape is gone."), transaction)
      }
    }
  }

  /// A media segment that was put in its place and not entered. What its name and content do not
  /// tell is as in the segment before it.
  private func adopt(
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
      splice: .continuous, isRecovered: true)
  }

  private func onlySection(of stream: StreamID) -> String? {
    let names = FolderListing.names(in: root + "/" + MediaPath.initialisationFolder(stream))
      .filter { $0.hasSuffix(".mp4") }
    return names.count == 1 ? String(names[0].dropLast(4)) : nil
  }

  /// What a file without a row holds; nil (and the file is removed) where it holds no whole frame.
  private func recover(
    _ stream: StreamID, _ path: String, _ name: TapePath.Name
  ) throws(SystemError) -> Segment? {
    let absolute = root + "/" + path
    let bytes = try DurableFile.read(absolute)
    let content = FrameContent(bytes)
    guard let format = content.format else {
      unlink(absolute)
      return nil
    }
    let start = label(name, absolute, format.duration(ofSamples: content.samples))
    let final = TapePath.path(
      stream, start: start, sequence: name.sequence, codec: format.codec)
    if content.bytes.count != bytes.count || name.isPart {
      try settle(content, bytes.count, absolute, root + "/" + final)
    }
    return Segment(
      stream: stream, sequence: name.sequence, start: start, samples: content.samples,
      frames: content.frames, bytes: Int64(content.bytes.count), format: format,
      path: name.isPart ? final : path, splice: .continuous, isRecovered: true)
  }

  /// The label in the name; but the last frames came before the file was last written, so one that
  /// was not certain yet when the crash came (by as much as a server's burst) is set right by that.
  private func label(_ name: TapePath.Name, _ path: String, _ duration: Duration) -> Instant {
    guard name.isPart, let written = FolderListing.modified(path) else { return name.start }
    let bound = written - duration
    // Less than a second is the time between arrival and write, not a burst.
    return bound < name.start - .seconds(1) ? bound : name.start
  }

  /// Whole frames only, safe on disk, under the final name.
  private func settle(
    _ content: FrameContent, _ size: Int, _ from: String, _ final: String
  ) throws(SystemError) {
    let target = from.hasSuffix(TapePath.partSuffix) ? final : from
    try Syscall.makeFolders(DurableFile.folder(of: target))
    if content.bytes.count != size {
      try DurableFile.write(content.bytes, to: target)
      if from != target { unlink(from) }
    } else {
      let descriptor = try Syscall.check("open", from) { open(from, O_RDONLY | O_CLOEXEC) }
      defer { close(descriptor) }
      try Syscall.check("fdatasync", from) { fdatasync(descriptor) }
      try DurableFile.moveInPlace(from, to: target)
    }
  }

  /// `radio/2026/11/21/19`, oldest first.
  private func newestHours(of stream: StreamID) -> [String] {
    var level = [stream.text]
    for depth in 1...4 {
      level = level.flatMap { folder in
        FolderListing.names(in: root + "/" + folder)
          .filter { $0.allSatisfy(\.isNumber) && $0.utf8.count == (depth == 1 ? 4 : 2) }
          .map { folder + "/" + $0 }
      }
      // Enough of each level to have the newest hours below it.
      level = Array(level.sorted().suffix(hours))
    }
    return level
  }
}
