import Base
import Glibc
import Subprocess
import TestSupport
import Testing

@Suite("When the parent dies")
struct ParentDeathTests {
  @Test("by SIGKILL, its children die too")
  func killedParent() async throws {
    let folder = try TemporaryFolder()
    setenv("AIRLOOM_TEST_PARENT_DEATH", folder("pid"), 1)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let child = try await ChildProcess.start(ChildCommand("sleep", ["1000"]))
      let path = String(cString: getenv("AIRLOOM_TEST_PARENT_DEATH"))
      try DurableFile.write(Array("\(child.pid)".utf8), to: path)
      kill(getpid(), SIGKILL)
    }
    let pid = try #require(Int32(try folder.text("pid")))
    try await eventually("the child of the killed process is gone") { Processes.isGone(pid) }
  }
}
