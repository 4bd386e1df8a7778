import Base
import Glibc
import TestSupport
import Testing

@Suite struct DurableFileTests {
  @Test("The content is replaced as a whole and nothing else is left in the folder")
  func replaces() throws {
    let folder = try TemporaryFolder()
    try DurableFile.write(Array("one".utf8), to: folder("a"))
    try DurableFile.write(Array("two".utf8), to: folder("a"))
    #expect(try DurableFile.read(folder("a")) == Array("two".utf8))
    #expect(TemporaryFolder.names(in: folder.path) == ["a"])
  }

  @Test("The file has the mode asked for", arguments: [UInt32(0o600), 0o640])
  func mode(mode: UInt32) throws {
    let folder = try TemporaryFolder()
    try DurableFile.write([1], to: folder("a"), mode: mode)
    var status = stat()
    stat(folder("a"), &status)
    #expect(status.st_mode & 0o777 == mode)
  }

  @Test("A write that is refused leaves the old content, and no temporary file")
  func refused() throws {
    let folder = try TemporaryFolder()
    try folder.folder("taken")
    let error = #expect(throws: SystemError.self) {
      try DurableFile.write([1, 2, 3], to: folder("taken"))
    }
    #expect(error?.call == "rename")
    #expect(TemporaryFolder.names(in: folder.path) == ["taken"])
  }

  @Test("A folder that is missing is named in the error")
  func missingFolder() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SystemError.self) {
      try DurableFile.write([1], to: folder("no/file"))
    }
    #expect(error?.code == ENOENT)
    #expect(error?.subject?.hasPrefix(folder("no/file.")) == true)
  }

  /// A watcher stands for every moment at which the process could have been killed: whatever is
  /// seen under the name at any time is a whole content.
  @Test("At every moment the name holds a whole content; the rest has names that end in .tmp")
  func wholeAtEveryMoment() async throws {
    let folder = try TemporaryFolder()
    let contents = (0..<200).map { [UInt8](repeating: UInt8($0), count: 20_000) }
    try DurableFile.write(contents[0], to: folder("a"))
    let writer = Task.detached {
      for content in contents { try DurableFile.write(content, to: folder("a")) }
    }
    var seen = 0
    var isOver = false
    while !isOver {
      isOver = try DurableFile.read(folder("a")).last == 199
      let bytes = try DurableFile.read(folder("a"))
      #expect(bytes.count == 20_000 && Set(bytes).count == 1)
      for name in TemporaryFolder.names(in: folder.path) where name != "a" {
        #expect(name.hasPrefix("a.") && name.hasSuffix(".tmp"))
      }
      seen += 1
    }
    try await writer.value
    #expect(seen > 1)
  }

  @Test(
    "The folder of a path",
    arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/c", "a/b")])
  func folders(path: String, folder: String) {
    #expect(DurableFile.folder(of: path) == folder)
  }
}
