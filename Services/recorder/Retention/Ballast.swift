import Base
import Glibc
import Metrics
import Synchronization

/// Room that is kept for the tapes: a file of reserved blocks on their disk, which is cut shorter
/// piece by piece when a write finds the disk full, and made whole again when there is room.
///
/// It is taken in small pieces, each written to at once, so that whatever else fills the disk gets
/// little of it (decision 0017 has the measurement). Usable from any thread; blocks for the disk.
final class Ballast: Sendable {
  static let name = ".ballast"
  static let piece: Int64 = 4 << 10

  private let path: String
  private let wanted: Int64
  private let held = Mutex<Int64>(0)

  /// In the tape folder; `size` bytes, 0 for none.
  init(in folder: String, size: Int64) {
    path = folder + "/" + Ballast.name
    wanted = max(0, size)
  }

  /// Never more than a fiftieth of the disk.
  static func size(_ wanted: Int64, ofDisk size: Int64) -> Int64 { min(wanted, size / 50) }

  /// Bytes that are kept now.
  var size: Int64 { held.withLock { $0 } }

  /// Reserves what is missing; nothing where that would take the last quarter of the free space.
  func fill(free: Int64) {
    held.withLock { held in
      guard held < wanted else { return }
      let have = Ballast.length(path)
      guard free > 4 * (wanted - min(have, wanted)) || have >= wanted else { return }
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      // A file of an earlier setting may be longer.
      if have > wanted { ftruncate(descriptor, off_t(wanted)) }
      held = posix_fallocate(descriptor, 0, off_t(wanted)) == 0 ? wanted : Ballast.length(path)
    }
  }

  /// Gives one piece back to the disk; false when none is left.
  func release() -> Bool {
    held.withLock { held in
      guard held > 0 else { return false }
      let rest = max(0, held - Ballast.piece)
      guard truncate(path, off_t(rest)) == 0 else {
        held = 0
        return false
      }
      held = rest
      return true
    }
  }

  private static func length(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}

/// The tapes' disk with a ballast, and with a measure of how long it takes.
struct BallastedDisk: TapeDisk {
  let disk: any TapeDisk
  let ballast: Ballast
  let metrics: HealthMetrics
  let pace: DiskPace
  let time: any TimeSource

  func makeFolders(_ path: String) throws(SystemError) {
    try again { () throws(SystemError) in try disk.makeFolders(path) }
  }

  func create(_ path: String) throws(SystemError) -> Int32 {
    try again { () throws(SystemError) in try disk.create(path) }
  }

  func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(SystemError) -> Int {
    try again { () throws(SystemError) in try disk.write(bytes, to: descriptor) }
  }

  func sync(_ descriptor: Int32) throws(SystemError) {
    try timed { () throws(SystemError) in try disk.sync(descriptor) }
  }

  func close(_ descriptor: Int32) { disk.close(descriptor) }

  func rename(_ from: String, to path: String) throws(SystemError) {
    try again { () throws(SystemError) in try disk.rename(from, to: path) }
  }

  func syncFolder(_ path: String) throws(SystemError) {
    try timed { () throws(SystemError) in try disk.syncFolder(path) }
  }

  func remove(_ path: String) { disk.remove(path) }

  /// After ENOSPC with a piece of the ballast, while there is one. After a failed sync nothing is
  /// tried again: its pages are not to be trusted.
  private func again<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    while true {
      do {
        return try timed(body)
      } catch {
        guard error.code == ENOSPC || error.code == EDQUOT, ballast.release() else { throw error }
        metrics.ballastReleases.increment()
      }
    }
  }

  private func timed<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let start = time.monotonic()
    defer {
      let taken = time.monotonic() - start
      pace.note(taken)
      metrics.writeLatency.observe(taken)
    }
    return try body()
  }
}

/// The longest that the disk took lately.
final class DiskPace: Sendable {
  private let longest = Mutex(Duration.zero)

  func note(_ taken: Duration) { longest.withLock { $0 = max($0, taken) } }

  /// Since the last call.
  func take() -> Duration {
    longest.withLock { longest in
      defer { longest = .zero }
      return longest
    }
  }
}
