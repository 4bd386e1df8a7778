import Base
import Glibc
import Subprocess
import TestSupport
import Testing

@Suite("A child process")
struct ChildProcessTests {
  @Test(
    "tells how it ended",
    arguments: [
      ("exit 0", ChildExit.Reason.exited(0)), ("exit 3", .exited(3)),
      ("kill -KILL $$", .signalled(SIGKILL)), ("kill -SEGV $$", .signalled(SIGSEGV)),
    ])
  func exitReason(script: String, reason: ChildExit.Reason) async throws {
    let child = try await ChildProcess.start(shell(script))
    let exit = await child.exit()
    #expect(exit.reason == reason)
    #expect(exit.stoppedBy == nil)
    #expect(exit.isOrderly == (reason == .exited(0)))
    #expect(child.ending == exit)
  }

  @Test("says what it used")
  func usage() async throws {
    let run = try await ChildProcess.run(
      shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"), timeout: .seconds(60))
    #expect(run.exit.userTime > .milliseconds(10))
    #expect(run.exit.maximumResidentBytes > 100_000)
  }

  @Test("gets its arguments as they are, without a shell")
  func arguments() async throws {
    let hostile = ["a b", "$HOME", "`id`", "*", "", "-n", "ä\n\"'"]
    let run = try await ChildProcess.run(
      ChildCommand("printf", ["%s|"] + hostile), timeout: .seconds(20))
    #expect(run.text == hostile.map { $0 + "|" }.joined())
  }

  @Test("has descriptors 0, 1 and 2 only, no blocked or ignored signals, and its own group")
  func cleanStart() async throws {
    // One that is not close-on-exec, as a careless library leaves it.
    let leaked = dup(STDERR_FILENO)
    defer { close(leaked) }
    let run = try await ChildProcess.run(
      shell(
        "echo /proc/self/fd/*; grep -E 'Sig(Blk|Ign)' /proc/self/status; echo $$; ps -o pgid= $$"),
      timeout: .seconds(20))
    let lines = run.text.split(separator: "\n").map {
      $0.split(whereSeparator: \.isWhitespace).map(String.init)
    }
    #expect(lines.first?.prefix(3) == ["/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"])
    // The shell's own handle on the folder that it lists.
    #expect((lines.first?.count ?? 9) <= 4)
    // Without signals 32 and 33, which belong to the C library and cannot be changed.
    for line in lines[1...2] {
      let mask = try #require(line.last.flatMap { UInt64($0, radix: 16) })
      #expect(mask & ~0x1_8000_0000 == 0, "\(line)")
    }
    #expect(lines[3] == lines[4])
  }

  @Test("does not inherit the variables that are ours alone")
  func environment() async throws {
    setenv("AIRLOOM_ADMIN_PASSWORD", "secret", 1)
    defer { unsetenv("AIRLOOM_ADMIN_PASSWORD") }
    var command = ChildCommand("env")
    command.environment = ["COLOUR": "green", "PATH": "/nowhere"]
    let run = try await ChildProcess.run(command, timeout: .seconds(20))
    let lines = run.text.split(separator: "\n")
    #expect(lines.contains("COLOUR=green"))
    #expect(lines.contains("PATH=/nowhere"))
    #expect(!run.text.contains("AIRLOOM_ADMIN_PASSWORD"))
    command.inheritsEnvironment = false
    let bare = try await ChildProcess.run(command, timeout: .seconds(20))
    #expect(bare.text == "COLOUR=green\nPATH=/nowhere\n")
  }

  @Test(
    "is refused with a sentence that says what is wrong",
    arguments: [
      (
        ChildCommand("no-such-program"), ChildError.Kind.programMissing,
        "the program 'no-such-program' was not found on the PATH; install it, or set PATH"
      ),
      (
        ChildCommand("/no/such"), .programMissing,
        "the program /no/such does not exist, or its interpreter"
      ),
      (
        ChildCommand("/etc/passwd"), .programMissing,
        "/etc/passwd is not a program that this user may run"
      ),
      (
        inFolder("/no/where"), .fileUnavailable,
        "true was not started: its working folder /no/where cannot be entered"
      ),
      (fedFrom("/no/file"), .fileUnavailable, "/no/file: No such file or directory (open)"),
      (
        ChildCommand("true", ["a\0b"]), .invalidCommand, "an argument for true contains a zero byte"
      ),
    ])
  func refusals(command: ChildCommand, kind: ChildError.Kind, sentence: String) async throws {
    let error = await #expect(throws: ChildError.self) {
      _ = try await ChildProcess.start(command)
    }
    #expect(error?.kind == kind)
    #expect(error?.description == sentence)
  }

  @Test("runs in its working folder, reads a file and appends to a file")
  func files() async throws {
    let folder = try TemporaryFolder()
    try folder.file("in", "from the file")
    try folder.file("out", "before ")
    var command = shell("cat; pwd >&2")
    command.workingDirectory = folder.path
    command.input = .file(folder("in"))
    command.output = .file(folder("out"))
    command.errors = .file(folder("errors"))
    let child = try await ChildProcess.start(command)
    #expect(await child.exit().isSuccess)
    #expect(try folder.text("out") == "before from the file")
    #expect(try folder.text("errors") == folder.path + "\n")
  }

  @Test("dies with its handle")
  func handleGone() async throws {
    var child: ChildProcess? = try await ChildProcess.start(ChildCommand("sleep", ["1000"]))
    let pid = try #require(child?.pid)
    #expect(Processes.state(pid) != nil)
    child = nil
    try await eventually("the child is gone and collected") { Processes.state(pid) == nil }
  }

  private static func inFolder(_ path: String) -> ChildCommand {
    var command = ChildCommand("true")
    command.workingDirectory = path
    return command
  }

  private static func fedFrom(_ path: String) -> ChildCommand {
    var command = ChildCommand("cat")
    command.input = .file(path)
    return command
  }
}
