import Base
import Glibc
import TestSupport
import Testing

@Suite struct SystemErrorTests {
  @Test(
    "An error says the system's sentence, the subject and the call",
    arguments: [
      (ENOSPC, "No space left on device"), (ENOENT, "No such file or directory"),
      (EACCES, "Permission denied"), (12_345, "Unknown error 12345"),
    ])
  func sentences(code: Int32, reason: String) {
    #expect(SystemError(code: code, call: "open").reason == reason)
    #expect(SystemError(code: code, call: "open").description == "\(reason) (open)")
    #expect(
      SystemError(code: code, call: "open", subject: "/x").description == "/x: \(reason) (open)")
  }

  @Test("A call that fails gives its errno")
  func failingCall() {
    #expect(throws: SystemError(code: ENOENT, call: "open", subject: "/no/such")) {
      try Syscall.check("open", "/no/such") { open("/no/such", O_RDONLY) }
    }
  }

  @Test("A call that a signal interrupted is made again")
  func interrupted() throws {
    var calls = 0
    let result = try Syscall.check("read") { () -> Int32 in
      calls += 1
      errno = EINTR
      return calls < 3 ? -1 : 7
    }
    #expect(result == 7)
    #expect(calls == 3)
  }

  @Test("Everything is written to a pipe that takes little at a time")
  func writesAll() async throws {
    var ends: [Int32] = [0, 0]
    try Syscall.check("pipe") { pipe(&ends) }
    let (reader, writer) = (ends[0], ends[1])
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    BackgroundThread(named: "writer") {
      _ = bytes.withUnsafeBytes { buffer in
        Result { try Syscall.writeAll(buffer, to: writer) }
      }
      close(writer)
    }.start()
    var got: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = read(reader, &buffer, buffer.count), count > 0 {
      got += buffer[..<count]
    }
    close(reader)
    #expect(got == bytes)
  }

  @Test("Folders are made with all above them, and again without complaint")
  func folders() throws {
    let folder = try TemporaryFolder()
    try Syscall.makeFolders(folder("a/b/c"))
    try Syscall.makeFolders(folder("a/b/c"))
    try Syscall.makeFolders(folder("a/b/d/"))
    #expect(TemporaryFolder.names(in: folder("a/b")) == ["c", "d"])
    var status = stat()
    stat(folder("a/b/c"), &status)
    #expect(status.st_mode & 0o777 == 0o750)
  }

  @Test("A file that stands where a folder should be is told, not taken for one")
  func fileInTheWay() throws {
    let folder = try TemporaryFolder()
    try folder.file("tape", "x")
    #expect(throws: SystemError(code: ENOTDIR, call: "mkdir", subject: folder("tape"))) {
      try Syscall.makeFolders(folder("tape"))
    }
    #expect(throws: SystemError(code: ENOTDIR, call: "mkdir", subject: folder("tape/a"))) {
      try Syscall.makeFolders(folder("tape/a"))
    }
  }
}
