import Base
import Glibc
import Media
import Messages
import Storage

/// Brings disk and database together when the recorder starts, before anything is captured:
///
/// - a `.part` file is cut to its whole frames, synced, named and entered (`is_recovered`);
/// - a segment without a row is entered;
/// - a `.held` file's frames are spliced onto the tape where they belong;
/// - a row without its file is taken away, and its span becomes a gap (tape damaged);
/// - of HLS streams, `.part` files are thrown away: the station has those segments still.
///
/// Each step can be repeated, so a crash in the middle costs nothing. Every hour that the crash can
/// have touched is looked at (`TapeHours`). Nothing is removed but what is on the tape already, byte
/// for byte, or holds no whole frame.
struct TapeReconciler {
  struct Report: Hashable, Sendable {
    var salvaged = 0
    var adopted = 0
    var missing = 0
    var removed = 0
  }

  /// What one stream's folders and rows hold.
  struct Inventory {
    var files: [(path: String, name: TapePath.Name)] = []
    var media: [(path: String, name: MediaPath.Name)] = []
    /// Of the hours that are looked at.
    var rows: [Segment] = []
    /// The tape's last ones, the newest first.
    var newest: [Segment] = []
    /// Rows of the sequences that files without a row of their own have.
    var rivals: [Int64: Segment] = [:]
  }

  let root: String

  /// Every stream that has a folder. Blocks; for the recorder's start.
  func run(
    _ database: Database, log: Logger, isolation: isolated (any Actor)? = #isolation
  ) async throws -> Report {
    var report = Report()
    let aliveAt = try await database.read { try RecordingCatalog.lastAlive($0) }
    for stream in FolderListing.names(in: root).compactMap({ StreamID($0) })
    where FolderListing.exists(root + "/" + stream.text) {
      let inventory = try await take(stream, aliveAt, database)
      try await reconcile(stream, inventory, database, &report, log)
    }
    return report
  }

  private func take(
    _ stream: StreamID, _ aliveAt: Instant?, _ database: Database,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> Inventory {
    let newest = try await database.read { try SegmentCatalog.last(stream, count: 40, $0) }
    let folders = TapeHours(root: root).touched(
      of: stream, aliveAt: aliveAt, newest: newest.map { DurableFile.folder(of: $0.path) })
    var inventory = Inventory(newest: newest)
    for folder in folders {
      for name in FolderListing.names(in: root + "/" + folder) {
        if let parsed = TapePath.parse(name) {
          inventory.files.append((folder + "/" + name, parsed))
        } else if let parsed = MediaPath.parse(name) {
          inventory.media.append((folder + "/" + name, parsed))
        }
      }
    }
    let rows = try await database.read { transaction in
      try folders.flatMap { folder throws(StorageError) in
        try SegmentCatalog.below(folder, transaction)
      }
    }
    inventory.rows = rows
    let known = Set(rows.map(\.path))
    let orphans =
      inventory.files.filter { !known.contains($0.path) }.map(\.name.sequence)
      + inventory.media.filter { !known.contains($0.path) }.map(\.name.sequence)
    inventory.rivals = try await database.read { transaction in
      var rivals: [Int64: Segment] = [:]
      for sequence in orphans {
        rivals[sequence] = try SegmentCatalog.find(stream, sequence: sequence, transaction)
      }
      return rivals
    }
    return inventory
  }

  private func reconcile(
    _ stream: StreamID, _ inventory: Inventory, _ database: Database, _ report: inout Report,
    _ log: Logger, isolation: isolated (any Actor)? = #isolation
  ) async throws {
    let known = Set(inventory.rows.map(\.path))
    var found: [Segment] = []
    // Whole segments first, so that a `.part` file beside its segment is known as such.
    let orphans = inventory.files.filter { !known.contains($0.path) && !$0.name.isHeld }
    for file in orphans.filter({ !$0.name.isPart }) + orphans.filter(\.name.isPart) {
      var sequence = file.name.sequence
      if let twin = inventory.rivals[sequence] ?? found.first(where: { $0.sequence == sequence }) {
        guard try !isOnTape(file.path, as: twin) else {
          unlink(root + "/" + file.path)
          report.removed += 1
          continue
        }
        sequence = next(inventory, found)
      }
      guard var segment = try recover(stream, file.path, file.name) else {
        report.removed += 1
        continue
      }
      segment.sequence = sequence
      found.append(segment)
      if file.name.isPart { report.salvaged += 1 } else { report.adopted += 1 }
      tell(segment, log)
    }
    try adoptMedia(stream, inventory, known, &found, &report, log)
    for file in inventory.files where file.name.isHeld {
      let tape = (inventory.newest + found).sorted { $0.sequence < $1.sequence }
      if let segment = try place(
        file.path, file.name, after: tape, sequence: next(inventory, found), stream)
      {
        found.append(segment)
        report.salvaged += 1
        tell(segment, log)
      } else {
        report.removed += 1
      }
    }
    let present = Set(inventory.files.map(\.path) + inventory.media.map(\.path))
    let lost = inventory.rows.filter { !present.contains($0.path) }
    report.missing += lost.count
    try await enter(stream, found, lost, database, log)
  }

  private func adoptMedia(
    _ stream: StreamID, _ inventory: Inventory, _ known: Set<String>, _ found: inout [Segment],
    _ report: inout Report, _ log: Logger
  ) throws(SystemError) {
    for file in inventory.media where !known.contains(file.path) {
      if file.name.isPart || inventory.rivals[file.name.sequence] != nil {
        unlink(root + "/" + file.path)
        report.removed += 1
      } else if let segment = try adopt(stream, file.path, file.name, inventory.newest) {
        found.append(segment)
        report.adopted += 1
        tell(segment, log)
      } else {
        log.warning("file is no whole segment", ("stream", stream), ("path", file.path))
      }
    }
  }

  private func next(_ inventory: Inventory, _ found: [Segment]) -> Int64 {
    (((inventory.newest + found).map(\.sequence) + inventory.files.map(\.name.sequence)).max() ?? -1)
      + 1
  }

  private func tell(_ segment: Segment, _ log: Logger) {
    log.warning(
      "segment recovered", ("stream", segment.stream), ("path", segment.path),
      ("seconds", segment.duration.inSeconds))
  }

  /// Whether the file's frames are the first ones of that segment.
  private func isOnTape(_ path: String, as twin: Segment) throws(SystemError) -> Bool {
    let content = FrameContent(try DurableFile.read(root + "/" + path))
    guard let segment = try? DurableFile.read(root + "/" + twin.path) else { return false }
    return segment.starts(with: content.bytes)
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
      path: name.isPart ? final : path, splice: .continuous, isRecovered: true,
      digest: ByteDigest(of: content.bytes).value)
  }

  /// The label in the name; but the last frames came before the file was last written, so one that
  /// was not certain yet when the crash came (by as much as a server's burst) is set right by that.
  func label(_ name: TapePath.Name, _ path: String, _ duration: Duration) -> Instant {
    guard name.isPart || name.isHeld, let written = FolderListing.modified(path) else {
      return name.start
    }
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
}
