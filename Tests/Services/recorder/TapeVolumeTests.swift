import Base
import Glibc
import Media
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

struct TapeVolumeTests {
  /// A folder that lies on a disk of its own while `isMounted`.
  static func volume(_ folder: TemporaryFolder, isMounted: Bool) -> TapeVolume {
    TapeVolume(
      root: folder("tape"), dataFolder: folder.path,
      device: { path in path.hasSuffix("/tape") && isMounted ? 2 : 1 })
  }

  @Test func `A folder whose disk is not mounted is not taken for an empty one`() throws {
    let folder = try TemporaryFolder()
    try Syscall.makeFolders(folder("tape"))
    let mounted = Self.volume(folder, isMounted: true)
    guard case .new(let known) = mounted.look(nil) else {
      Issue.record("a first folder has no mark")
      return
    }
    #expect(known.isApart && known.path == folder("tape") && known.mark.utf8.count == 32)
    try mounted.write(known)
    #expect(mounted.look(known) == .same)
    // Another database that comes to it takes on its mark.
    #expect(mounted.look(nil) == .new(known))

    unlink(folder("tape/") + TapeVolume.name)
    let bare = Self.volume(folder, isMounted: false)
    guard case .absent(let sentence) = bare.look(known) else {
      Issue.record("the disk is not missed")
      return
    }
    #expect(sentence.contains(folder("tape")))
    // Another disk in its place, or another folder that was named, is what somebody wants.
    for volume in [mounted, TapeVolume(root: folder.path, dataFolder: folder.path)] {
      guard case .new(let other) = volume.look(known) else {
        Issue.record("\(volume.root) is refused")
        return
      }
      #expect(other.mark != known.mark)
    }
    // A folder on the database's own disk that was emptied.
    let plain = TapeVolume.Known(mark: "x", path: folder("tape"), isApart: false)
    if case .absent = bare.look(plain) { Issue.record("an emptied folder is refused") }
  }

  @Test func `The database keeps the mark`() async throws {
    let studio = try Studio()
    let known = TapeVolume.Known(mark: "abc", path: "/srv/tape", isApart: true)
    #expect(try await studio.database.read { try VolumeCatalog.known($0) } == nil)
    for mark in ["first", known.mark] {
      try await studio.database.write { transaction in
        try VolumeCatalog.store(
          TapeVolume.Known(mark: mark, path: known.path, isApart: true), transaction)
      }
    }
    #expect(try await studio.database.read { try VolumeCatalog.known($0) } == known)
  }

  @Test func `Frames wait in memory while the disk is away, and go on it when it is back`() throws {
    let studio = try Studio()
    let disk = MountedDisk()
    let writer = TapeWriter(stream: .radio, root: studio.tapeRoot, nextSequence: 0, disk: disk)
    let frames = NumberedFrames()
    var now = Monotonic(nanoseconds: 0)
    disk.setPresent(false)
    writer.begin(
      start: Instant(seconds: 1_800_000_000), format: TapeReconcilerTests.format, splice: .first,
      now: now)
    frames.frames(0..<100).withUnsafeBytes {
      writer.append($0, frames: 100, samples: 115_200, now: now)
    }
    #expect(writer.fault != nil && FolderListing.names(in: studio.tapeRoot).isEmpty)
    disk.setPresent(true)
    now = now + .seconds(2)
    writer.tick(now: now)
    writer.close(now: now)
    #expect(writer.fault == nil && writer.takeClosed().map { $0.run?.frames } == [100])
  }
}
