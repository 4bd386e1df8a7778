internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Messages

/// Shows beside the drop how far its conversion is, for scripts and people who look at the folder: a
/// hidden file `.<name>.airloom-progress` with JSON, replaced whole, removed at the end.
///
/// Only a courtesy: where it cannot be written nothing else happens, and it is not synced.
struct ProgressFile: Sendable {
  private struct Content: Encodable {
    let id: JobID
    let state: String
    let percent: Double
    let doneUs: Int64
    let totalUs: Int64
    let speed: Double?
    let updatedAt: Instant
  }

  private let path: DropPath
  private let temporary: DropPath

  init(beside drop: DropPath) {
    let name = [UInt8(ascii: ".")] + drop.name + Array(".airloom-progress".utf8)
    path = drop.sibling(name)
    temporary = drop.sibling(name + Array("~".utf8))
  }

  func write(_ progress: ConversionProgress, state: ConversionState, at now: Instant) {
    let share = Double(progress.doneUs) / Double(max(1, progress.totalUs))
    let content = Content(
      id: progress.id, state: state.rawValue,
      percent: (min(1, max(0, share)) * 1000).rounded() / 10, doneUs: progress.doneUs,
      totalUs: progress.totalUs, speed: progress.speed, updatedAt: now)
    guard let bytes = try? JSONEncoder().encode(content) else { return }
    let descriptor = temporary.withCString {
      open($0, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
    }
    guard descriptor >= 0 else { return }
    let line = Array(bytes) + [UInt8(ascii: "\n")]
    let written = Glibc.write(descriptor, line, line.count)
    close(descriptor)
    let isMoved =
      written == line.count
      && temporary.withCString { from in path.withCString { rename(from, $0) } } == 0
    if !isMoved { _ = temporary.withCString { unlink($0) } }
  }

  func remove() {
    _ = path.withCString { unlink($0) }
    _ = temporary.withCString { unlink($0) }
  }
}
