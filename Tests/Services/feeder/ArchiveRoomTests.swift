import TestSupport
import Testing

@testable import airloom_feeder

@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
struct ArchiveRoomTests {
  @Test func `Downloads wait below the reserve, which is small on a small disk`() throws {
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 4)
    #expect(ArchiveRoom.objection(disk.path, reserve: 1 << 30) == nil)
    try disk.fill()
    let sentence = try #require(ArchiveRoom.objection(disk.path, reserve: 1 << 30))
    #expect(sentence.contains(disk.path) && sentence.contains("reserve_mib"))
    #expect(ArchiveRoom.objection(disk.path, reserve: 0) == nil)
    disk.free()
    #expect(ArchiveRoom.objection(disk.path, reserve: 1 << 30) == nil)
    #expect(ArchiveRoom.objection(folder("missing"), reserve: 1 << 30) == nil)
  }
}
