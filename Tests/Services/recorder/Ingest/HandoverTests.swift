import Base
import Glibc
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// A connection that works is replaced: the new one is up, and the tape has met it, before the old one
/// ends. No server here sends a burst.
@Suite("A connection that is replaced") struct HandoverTests {
  @Test("for a new build of the recorder loses and repeats nothing", .timeLimit(.minutes(3)))
  func upgrade() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 41), burst: 0)
    try await bench.capture(for: .seconds(3))
    let first = try #require(bench.ingest)
    await bench.end(SIGTERM)
    // The same program in another file is another build.
    try Syscall.makeFolders(bench.desk.home("other"))
    let program = bench.desk.home("other/airloom-recorder")
    let copy = try await ChildProcess.run(
      ChildCommand("cp", [try BuiltPrograms.path("airloom-recorder"), program]),
      timeout: .seconds(60))
    #expect(copy.exit.isSuccess)
    try await bench.launch(program: program)
    try await eventually("the first ingest has ended", within: .seconds(60)) { kill(first, 0) != 0 }
    try await bench.capture(for: .seconds(2))
    #expect(bench.ingest.map { $0 != first } ?? false)
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
    #expect(tape.segments.count { $0.splice == .exact } >= 2)
  }

  @Test(
    "for another address of the same station loses and repeats nothing", .timeLimit(.minutes(3)))
  func address() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 42), burst: 0)
    try await bench.capture(for: .seconds(3))
    try await bench.give(bench.server.url("live?key=2"), version: 2)
    try await eventually("the connection is replaced", within: .seconds(60)) {
      bench.log.contains("the connection is replaced")
    }
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
  }

  @Test("for another station changes cleanly", .timeLimit(.minutes(3)))
  func station() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 43), burst: 0)
    let others = NumberedFrames(tag: 44)
    let other = try await CaptureTests.source(bench.server, others, mount: "other")
    try await bench.capture(for: .seconds(2))
    try await bench.give(bench.server.url("other"), version: 2)
    try await eventually("the connection is replaced", within: .seconds(60)) {
      bench.log.contains("the connection is replaced")
    }
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    other.stop()
    let second = NumberedReport(tape.bytes, of: others)
    // Neither has a hole or a frame twice, and no frame of the first comes after one of the second.
    #expect(tape.report.missing.isEmpty && tape.report.duplicates.isEmpty, "\(tape.report)")
    #expect(second.missing.isEmpty && second.duplicates.isEmpty, "\(second)")
    #expect(tape.report.numbers.count > 50 && second.numbers.count > 50)
    #expect(tape.frameCount == tape.report.numbers.count + second.numbers.count)
    #expect(tape.gaps.allSatisfy { $0.end - $0.start < .milliseconds(200) }, "\(tape.gaps)")
  }
}
