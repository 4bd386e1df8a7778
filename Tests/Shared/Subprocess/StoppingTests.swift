import Base
import Glibc
import Subprocess
import TestSupport
import Testing

@Suite("Stopping a child")
struct StoppingTests {
  @Test("FFmpeg ends on q with a whole file")
  func ffmpegByKey() async throws {
    let folder = try TemporaryFolder()
    let child = try await recordTone(to: folder("tone.mp3"))
    let exit = await child.stop(.ffmpeg)
    #expect(exit.reason == .exited(0))
    #expect(exit.stoppedBy == .write("q"))
    #expect(exit.isOrderly)
    let probe = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffprobe),
        ["-v", "error", "-show_entries", "format=duration", folder("tone.mp3")]),
      timeout: .seconds(30))
    #expect(probe.exit.isSuccess, "\(probe.errorText)")
  }

  @Test("FFmpeg ends on SIGINT with code 255, which counts as orderly")
  func ffmpegBySignal() async throws {
    let folder = try TemporaryFolder()
    let child = try await recordTone(to: folder("tone.mp3"))
    let exit = await child.stop(StopLadder([.init(.signal(SIGINT), grace: .seconds(20))]))
    #expect(exit.reason == .exited(255))
    #expect(exit.isOrderly)
  }

  @Test("a child that ignores every signal but SIGKILL is killed in the end")
  func hung() async throws {
    var command = shell("trap '' INT TERM; echo ready; while :; do sleep 0.01; done")
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    _ = await child.output?.read()
    let exit = await child.stop(
      StopLadder([
        .init(.signal(SIGINT), grace: .milliseconds(30)),
        .init(.signal(SIGTERM), grace: .milliseconds(30)),
      ]))
    #expect(exit.reason == .signalled(SIGKILL))
    #expect(exit.stoppedBy == .signal(SIGKILL))
    #expect(!exit.isOrderly)
  }

  @Test("a child that is stopped with SIGSTOP still sees SIGTERM")
  func suspended() async throws {
    let child = try await ChildProcess.start(ChildCommand("sleep", ["1000"]))
    child.signal(SIGSTOP)
    // `signal` wakes it again at once by design, so it is stopped from outside.
    kill(child.pid, SIGSTOP)
    let exit = await child.stop()
    #expect(exit.reason == .signalled(SIGTERM))
  }

  @Test("grandchildren die with it, by a stop and by its own exit", arguments: [true, false])
  func grandchildren(byStop: Bool) async throws {
    var command = shell("sleep 1000 & echo $!; \(byStop ? "wait" : "exit 0")")
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    let text = String(decoding: await child.output?.read() ?? [], as: UTF8.self)
    let grandchild = try #require(Int32(text.split(separator: "\n").joined()))
    if byStop { await child.stop() } else { _ = await child.exit() }
    try await eventually("the grandchild is gone") { Processes.isGone(grandchild) }
  }

  @Test("a second stop joins the first, and a kill overtakes it")
  func twice() async throws {
    var command = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done")
    command.output = .pipe()
    let child = try await ChildProcess.start(command)
    _ = await child.output?.read()
    let slow = StopLadder([.init(.signal(SIGTERM), grace: .seconds(1000))])
    async let first = child.stop(slow)
    async let second = child.stop(slow)
    #expect(await child.exit(within: .milliseconds(50)) == nil)
    let last = await child.stop(.kill)
    #expect(last.reason == .signalled(SIGKILL))
    #expect(await (first, second) == (last, last))
  }

  @Test("a run that takes too long is stopped and says so")
  func timeout() async throws {
    let run = try await ChildProcess.run(
      shell("echo begun; echo why >&2; sleep 1000"), timeout: .milliseconds(300))
    #expect(run.isTimedOut)
    #expect(run.exit.reason == .signalled(SIGTERM))
    #expect(run.text == "begun\n")
    #expect(run.errorText == "why\n")
  }

  @Test("a run whose task is cancelled is stopped")
  func cancelled() async throws {
    let running = Task {
      try await ChildProcess.run(ChildCommand("sleep", ["1000"]), timeout: .seconds(900))
    }
    running.cancel()
    #expect(try await running.value.exit.reason == .signalled(SIGTERM))
  }

  private func recordTone(to path: String) async throws -> ChildProcess {
    var command = ChildCommand(
      try requires(.ffmpeg),
      ["-loglevel", "error", "-y", "-re", "-f", "lavfi", "-i", "sine", "-flush_packets", "1", path])
    command.input = .pipe
    let child = try await ChildProcess.start(command)
    try await eventually("FFmpeg has written something") {
      if let exit = child.ending { throw TestFailure("ffmpeg \(exit): \(child.errorText)") }
      return ((try? DurableFile.read(path)) ?? []).count > 2000
    }
    return child
  }
}
