import Base
import Glibc
import Media
import Messages

/// Keeps the frames of a new connection on disk while `TapeAssembler` does not know their place, so
/// that a kill in these seconds costs none of them.
///
/// | step | after a kill here |
/// | --- | --- |
/// | written to a file with `.held` behind its name | spliced onto the tape by the reconciliation |
/// | appended to a segment and synced | found at the tape's end by their hashes, and removed |
/// | `.held` removed | complete |
///
/// They are in memory as well, so a disk that fails here costs nothing more than that protection.
///
/// Not `Sendable`: it belongs to the one actor that captures the stream, and blocks its thread.
final class WaitingFrames {
  private let stream: StreamID
  private let root: String
  private let disk: any TapeDisk
  private let syncEvery: Duration

  private var descriptor: Int32?
  private var path: String?
  private var isSynced = true
  private var syncedAt: Monotonic?
  private var isGivenUp = false
  /// Files whose frames are on the tape.
  private var superfluous: [String] = []

  init(stream: StreamID, root: String, disk: any TapeDisk, syncEvery: Duration) {
    self.stream = stream
    self.root = root
    self.disk = disk
    self.syncEvery = syncEvery
  }

  deinit { close() }

  /// The next frames; `start` and `sequence` are what the first one would be labelled now.
  func append(
    _ bytes: UnsafeRawBufferPointer, start: Instant, sequence: Int64, codec: AudioCodec,
    now: Monotonic
  ) {
    guard !isGivenUp else { return }
    do throws(SystemError) {
      let descriptor = try open(start, sequence, codec, now)
      var written = 0
      while written < bytes.count {
        written += try disk.write(
          UnsafeRawBufferPointer(rebasing: bytes[written...]), to: descriptor)
      }
      isSynced = false
    } catch {
      // A file with a hole would be spliced as if it had none.
      placed()
      removePlaced()
      isGivenUp = true
    }
  }

  private func open(
    _ start: Instant, _ sequence: Int64, _ codec: AudioCodec, _ now: Monotonic
  ) throws(SystemError) -> Int32 {
    if let descriptor { return descriptor }
    let path =
      root + "/" + TapePath.path(stream, start: start, sequence: sequence, codec: codec)
      + TapePath.heldSuffix
    try disk.makeFolders(DurableFile.folder(of: path))
    let descriptor = try disk.create(path)
    self.descriptor = descriptor
    self.path = path
    syncedAt = now
    return descriptor
  }

  /// The frames have been handed to the writer.
  func placed() {
    if let path { superfluous.append(path) }
    close()
    path = nil
    isSynced = true
    isGivenUp = false
  }

  /// To be called once the writer has them on disk.
  func removePlaced() {
    for path in superfluous { disk.remove(path) }
    superfluous = []
  }

  /// Whether none are being kept.
  var isEmpty: Bool { descriptor == nil }
  var hasPlaced: Bool { !superfluous.isEmpty }

  /// To be called several times a second: a power cut costs no more here than elsewhere.
  func tick(now: Monotonic) {
    guard let descriptor, !isSynced, syncedAt.map({ now - $0 >= syncEvery }) ?? true else { return }
    syncedAt = now
    isSynced = true
    // A failure shows where the segments themselves are synced.
    try? disk.sync(descriptor)
  }

  private func close() {
    if let descriptor { disk.close(descriptor) }
    descriptor = nil
  }
}
