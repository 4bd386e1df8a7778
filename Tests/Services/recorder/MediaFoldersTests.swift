import Base
import TestSupport
import Testing

@testable import airloom_recorder

@Suite("The media folders")
struct MediaFoldersTests {
  @Test("are made where they are missing")
  func made() throws {
    let folder = try TemporaryFolder()
    let folders = MediaFolders(folders: [folder("media/tape"), folder("media/recordings")])
    #expect(folders.fault() == nil)
    #expect(TemporaryFolder.names(in: folder("media")) == ["recordings", "tape"])
  }

  @Test("that cannot be made are told with the reason")
  func obstructed() throws {
    let folder = try TemporaryFolder()
    try folder.file("media", "not a folder")
    let fault = MediaFolders(folders: [folder("media/tape")]).fault()
    #expect(fault?.contains("\(folder("media/tape")): Not a directory") == true, "\(fault ?? "")")
  }

  @Test(
    "on a disk that is read-only are shown from the start, and no longer once it is not",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount"))
  func readOnly() throws {
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 1)
    let folders = MediaFolders(folders: [disk.path + "/tape"])
    #expect(folders.fault() == nil)
    try disk.makeReadOnly()
    #expect(folders.fault()?.contains("Read-only file system") == true)
    try disk.makeWritable()
    #expect(folders.fault() == nil)
  }
}
