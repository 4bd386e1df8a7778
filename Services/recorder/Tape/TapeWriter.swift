import Base
import Glibc
import Media
import Messages

/// Puts one stream's frames on disk: every append is written at once to a `.part` file (the page
/// cache survives kill -9), synced at most every two seconds (a power cut costs no more), and a
/// closed segment is synced, renamed, and its folder synced before anybody is told of it.
///
/// When the disk is full or fails, nothing is thrown and nothing is dropped: frames wait in memory,
/// up to `memoryLimit` of audio and to this stream's share of the recorder's memory, and go on disk when
/// it lets us, tried again every second. Beyond that the oldest segment is given up and reported in
/// `lost`. After a failed fdatasync the file is never trusted or synced again (its pages may be marked
/// clean); its bytes are written to a new one.
///
/// Order on disk, and why a kill between any two steps is safe:
/// 1. `.part` is written: found and salvaged by the reconciliation.
/// 2. synced, 3. renamed, 4. folder synced: a file without a row is adopted by the reconciliation.
/// 5. the row (by the caller, from `takeClosed`): from then on the tape is complete.
///
/// Not `Sendable`: it belongs to the one actor that captures the stream, and blocks its thread.
final class TapeWriter {
  private let stream: StreamID
  /// The tape folder; the stream's own folders are below it.
  private let root: String
  private let disk: any TapeDisk
  private let syncEvery: Duration
  private let memoryLimit: Duration
  private let share: HeldMemory.Share
  private let retryEvery = Duration.seconds(1)

  /// Oldest first; only the last one may be open.
  private var queue: [HeldSegment] = []
  private(set) var nextSequence: Int64
  private var syncedAt: Monotonic?
  private var retryAt: Monotonic?
  /// Whose name, and those above it, are safe.
  private var knownFolder: String?
  private var closed: [Segment] = []
  private var lost: [Gap] = []
  private(set) var writtenBytes: Int64 = 0

  /// Why frames cannot be stored now; nil when they can.
  private(set) var fault: SourceFailure?

  init(
    stream: StreamID, root: String, nextSequence: Int64, disk: any TapeDisk = SystemDisk(),
    syncEvery: Duration = .seconds(2), memoryLimit: Duration = .seconds(120),
    memory: HeldMemory = HeldMemory()
  ) {
    self.stream = stream
    self.root = root
    self.nextSequence = nextSequence
    self.disk = disk
    self.syncEvery = syncEvery
    self.memoryLimit = memoryLimit
    share = memory.share()
  }

  deinit {
    for held in queue { if let descriptor = held.descriptor { disk.close(descriptor) } }
  }

  /// Audio that is held in memory and not wholly on disk.
  var heldDuration: Duration { queue.reduce(.zero) { $0 + $1.duration } }
  var hasOpenSegment: Bool { queue.last.map { !$0.isClosed } ?? false }

  /// Closes the open segment, if any, and begins another. Its file is made by the first append.
  func begin(start: Instant, format: FrameFormat, splice: Splice, now: Monotonic) {
    close(now: now)
    queue.append(
      HeldSegment(sequence: nextSequence, format: format, splice: splice, start: start))
    nextSequence += 1
  }

  func append(_ bytes: UnsafeRawBufferPointer, frames: Int, samples: Int64, now: Monotonic) {
    precondition(hasOpenSegment, "frames came before a segment was begun")
    queue[queue.count - 1].append(bytes, frames: frames, samples: samples)
    if fault == nil { store(now: now) }
    giveUpOldest()
  }

  /// Numbers below this have been used by others.
  func reserve(before sequence: Int64) { nextSequence = max(nextSequence, sequence) }

  /// The open segment's start is known better now.
  func relabel(start: Instant) {
    guard hasOpenSegment else { return }
    let index = queue.count - 1
    queue[index].start = start
    guard let part = queue[index].partPath else { return }
    let better =
      DurableFile.folder(of: part) + "/"
      + TapePath.name(
        start: start, sequence: queue[index].sequence, codec: queue[index].format.codec)
      + TapePath.partSuffix
    // The name serves only a reconciliation after a crash, so a failure changes nothing else.
    do {
      if better != part { try disk.rename(part, to: better) }
      queue[index].partPath = better
    } catch {}
  }

  /// Nothing more will be added to the open segment. An empty one is dropped.
  func close(now: Monotonic) {
    guard hasOpenSegment else { return }
    queue[queue.count - 1].isClosed = true
    if queue[queue.count - 1].bytes.isEmpty { queue.removeLast() }
    if fault == nil { store(now: now) }
  }

  /// Everything that was appended, in its file and safe from a power cut.
  var isSafe: Bool { queue.allSatisfy { $0.synced == $0.bytes.count } }

  /// Syncs now what would be synced a little later.
  func sync(now: Monotonic) {
    if fault == nil { store(now: now, isSyncDue: true) }
  }

  /// To be called several times a second: syncs what is due, tries a faulty disk again.
  func tick(now: Monotonic) {
    if fault != nil {
      // Others may hold more than before, and this stream may hold less then.
      giveUpOldest()
      if let retryAt, now < retryAt { return }
      store(now: now)
    } else if syncedAt.map({ now - $0 >= syncEvery }) ?? true {
      store(now: now, isSyncDue: true)
    }
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

  private func store(now: Monotonic, isSyncDue: Bool = false) {
    do {
      while !queue.isEmpty {
        try storeFirst(now: now, isSyncDue: isSyncDue)
        guard queue[0].isClosed else { break }
        let held = queue[0]
        closed.append(held.segment(stream, path: try place(held)))
        queue.removeFirst()
      }
      fault = nil
      retryAt = nil
    } catch {
      fault = .storing(error, in: root)
      retryAt = now + retryEvery
    }
    noteHeld()
  }

  /// Everything held of the oldest segment into its `.part` file.
  private func storeFirst(now: Monotonic, isSyncDue: Bool) throws(SystemError) {
    guard !queue[0].bytes.isEmpty else { return }
    let descriptor = try openPart()
    while queue[0].written < queue[0].bytes.count {
      let from = queue[0].written
      let count = try queue[0].bytes.withUnsafeBytes { bytes in
        Result { () throws(SystemError) in
          try disk.write(UnsafeRawBufferPointer(rebasing: bytes[from...]), to: descriptor)
        }
      }.get()
      queue[0].written += count
      writtenBytes += Int64(count)
    }
    guard queue[0].synced < queue[0].written, queue[0].isClosed || isSyncDue else { return }
    do {
      try disk.sync(descriptor)
    } catch {
      abandonPart()
      throw error
    }
    queue[0].synced = queue[0].written
    syncedAt = now
  }

  private func openPart() throws(SystemError) -> Int32 {
    if let descriptor = queue[0].descriptor { return descriptor }
    let path =
      root + "/"
      + TapePath.path(
        stream, start: queue[0].start, sequence: queue[0].sequence, codec: queue[0].format.codec)
      + TapePath.partSuffix
    try disk.makeFolders(DurableFile.folder(of: path))
    // One that a failing disk did not let us remove; no other file has this sequence.
    disk.remove(path)
    let descriptor = try disk.create(path)
    queue[0].partPath = path
    queue[0].descriptor = descriptor
    queue[0].written = 0
    queue[0].synced = 0
    return descriptor
  }

  /// The file is not to be trusted: its bytes go to another one.
  private func abandonPart() {
    if let descriptor = queue[0].descriptor { disk.close(descriptor) }
    if let path = queue[0].partPath { disk.remove(path) }
    queue[0].descriptor = nil
    queue[0].partPath = nil
  }

  /// Gives a synced file its final name; returns it, below the tape folder.
  private func place(_ held: HeldSegment) throws(SystemError) -> String {
    guard let part = held.partPath, let descriptor = held.descriptor else { return "" }
    let path = TapePath.path(
      stream, start: held.start, sequence: held.sequence, codec: held.format.codec)
    let final = root + "/" + path
    let folder = DurableFile.folder(of: final)
    if folder != DurableFile.folder(of: part) { try disk.makeFolders(folder) }
    // Where syncing the folder failed before, the file already has its name.
    if part != final { try disk.rename(part, to: final) }
    queue[0].partPath = final
    try syncFolders(folder)
    disk.close(descriptor)
    return path
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

  /// Bytes on their way to a disk that takes them do not wait.
  private func noteHeld() {
    share.note(fault == nil ? 0 : queue.reduce(0) { $0 + $1.bytes.count })
  }

  /// What is being added to stays in any case.
  private func giveUpOldest() {
    noteHeld()
    guard let fault else { return }
    while queue.count > 1 {
      let isTooLong = heldDuration > memoryLimit
      guard isTooLong || share.excess() > 0 else { return }
      let oldest = queue[0]
      abandonPart()
      queue.removeFirst()
      noteHeld()
      lost.append(
        Gap(
          start: oldest.start, end: oldest.end, cause: fault.cause,
          detail: isTooLong ? fault.sentence : SourceFailure.memoryUsedUp(fault.cause)))
    }
  }
}
