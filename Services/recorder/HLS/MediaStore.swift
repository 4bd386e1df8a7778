import Base
import Glibc
import Media
import Messages

/// Puts an HLS stream's segments on disk as they were received, one file each.
///
/// | step | after a kill here |
/// | --- | --- |
/// | initialisation section under its hash | it is found by its hash the next time |
/// | `.part` written and synced | thrown away at the start: the playlist still has the segment |
/// | renamed, folder synced | entered at the start, by its name and content |
/// | row (by the caller, from `takeClosed`) | complete |
///
/// When the disk is full or fails, segments wait in memory, oldest first, tried again every second;
/// `isFull` tells the caller to fetch no more, so that the rest waits where it is, at the station. Where
/// other streams need their share of the recorder's memory, the oldest are given up and reported in
/// `lost`.
///
/// Not `Sendable`: it belongs to the one actor that captures the stream, and blocks its thread.
final class MediaStore {
  struct Held {
    var segment: Segment
    var bytes: [UInt8]
    var initialisation: [UInt8]?
  }

  private let root: String
  private let disk: any TapeDisk
  private let share: HeldMemory.Share
  private var queue: [Held] = []
  private var closed: [Segment] = []
  private var lost: [Gap] = []
  /// What the next one may have, too.
  private var newestBytes = 0
  private var retryAt: Monotonic?
  private var knownFolder: String?
  private var knownSections: Set<String> = []
  private(set) var writtenBytes: Int64 = 0
  /// Why segments cannot be stored now; nil when they can.
  private(set) var fault: SourceFailure?

  private static let mostHeld = 8
  private static let mostHeldBytes = 64 << 20

  init(root: String, disk: any TapeDisk, memory: HeldMemory = HeldMemory()) {
    self.root = root
    self.disk = disk
    share = memory.share()
  }

  var heldDuration: Duration { queue.reduce(.zero) { $0 + $1.segment.duration } }

  var isFull: Bool {
    queue.count >= Self.mostHeld || heldBytes >= Self.mostHeldBytes || !hasRoom
  }

  private var heldBytes: Int { queue.reduce(0) { $0 + $1.bytes.count } }

  /// Whether another one would not have to be given up at once.
  private var hasRoom: Bool { share.excess(adding: newestBytes) == 0 }

  func put(_ held: Held, now: Monotonic) {
    queue.append(held)
    newestBytes = held.bytes.count
    if fault == nil { store(now) }
    giveUpOldest()
  }

  /// To be called several times a second.
  func tick(now: Monotonic) {
    guard fault != nil else { return }
    // Others may hold more than before, and this stream may hold less then.
    giveUpOldest()
    guard retryAt.map({ now >= $0 }) ?? true else { return }
    // With nothing to try the disk with, all is well when there is room to wait again.
    if queue.isEmpty, !hasRoom { return }
    store(now)
  }

  /// Segments that are safely on disk and have no row yet.
  func takeClosed() -> [Segment] {
    defer { closed = [] }
    return closed
  }

  /// What had to be given up.
  func takeLost() -> [Gap] {
    defer { lost = [] }
    return lost
  }

  /// All of it, where the streams together hold too much: a segment may be large.
  private func giveUpOldest() {
    share.note(fault == nil ? 0 : heldBytes)
    guard let fault else { return }
    while let oldest = queue.first?.segment, share.excess() > 0 {
      queue.removeFirst()
      share.note(heldBytes)
      lost.append(
        Gap(
          start: oldest.start, end: oldest.end, cause: fault.cause,
          detail: SourceFailure.memoryUsedUp(fault.cause)))
    }
  }

  private func store(_ now: Monotonic) {
    do {
      while let held = queue.first {
        try place(held)
        queue.removeFirst()
        closed.append(held.segment)
        writtenBytes += held.segment.bytes
      }
      fault = nil
      retryAt = nil
    } catch {
      fault = .storing(error, in: root)
      retryAt = now + .seconds(1)
    }
    share.note(fault == nil ? 0 : heldBytes)
  }

  private func place(_ held: Held) throws(SystemError) {
    if let section = held.initialisation, let hash = held.segment.media?.initialisation,
      !knownSections.contains(hash)
    {
      let path = MediaPath.initialisation(held.segment.stream, sha256: hash)
      if !FolderListing.exists(root + "/" + path) { try write(section, path) }
      knownSections.insert(hash)
    }
    try write(held.bytes, held.segment.path)
  }

  /// The whole file under its name, safe from a power cut; or nothing but a `.part` file.
  private func write(_ bytes: [UInt8], _ path: String) throws(SystemError) {
    let final = root + "/" + path
    let part = final + TapePath.partSuffix
    let folder = DurableFile.folder(of: final)
    try disk.makeFolders(folder)
    // After a failed try; its pages are not to be trusted.
    disk.remove(part)
    let descriptor = try disk.create(part)
    defer { disk.close(descriptor) }
    var written = 0
    while written < bytes.count {
      let from = written
      written += try bytes.withUnsafeBytes { bytes in
        Result { () throws(SystemError) in
          try disk.write(UnsafeRawBufferPointer(rebasing: bytes[from...]), to: descriptor)
        }
      }.get()
    }
    try disk.sync(descriptor)
    // Where syncing the folder failed the last time, the file has its name already.
    if FolderListing.exists(final) { disk.remove(final) }
    try disk.rename(part, to: final)
    try syncFolders(folder)
  }

  /// A folder that was just made is itself a name in the one above it.
  private func syncFolders(_ folder: String) throws(SystemError) {
    try disk.syncFolder(folder)
    guard folder != knownFolder else { return }
    var above = DurableFile.folder(of: folder)
    while above.count >= root.count {
      try disk.syncFolder(above)
      above = DurableFile.folder(of: above)
    }
    knownFolder = folder
  }
}
