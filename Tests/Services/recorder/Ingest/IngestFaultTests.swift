import Base
import Glibc
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// The process that holds the connections is what fails.
@Suite("An ingest that fails") struct IngestFaultTests {
  @Test(
    "by kill -9 costs what the server does not send again", .timeLimit(.minutes(3)),
    arguments: [65_536, 0])
  func killed(burst: Int) async throws {
    let frames = NumberedFrames(tag: 31)
    let bench = try await RestartBench.start(frames, burst: burst)
    try await bench.capture(for: .seconds(4))
    let first = try #require(bench.ingest)
    kill(first, SIGKILL)
    try await bench.capture(for: .seconds(5))
    try await eventually("another ingest is there") { bench.ingest.map { $0 != first } ?? false }
    // What was connected directly meanwhile goes on as it is.
    try await bench.capture(for: .seconds(2))
    let tape = try await bench.close()
    #expect(tape.report.duplicates.isEmpty && tape.report.reordered.isEmpty, "\(tape.report)")
    let missing = frames.start(ofFrame: UInt64(tape.report.missing.count))
    print("ingest killed, burst \(burst): \(tape.report), gaps \(tape.gaps)")
    if burst > 0 {
      #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
      #expect(tape.gaps.isEmpty, "\(tape.gaps)")
    } else if !tape.report.missing.isEmpty {
      #expect(tape.gaps.map(\.cause) == [.recorderDown], "\(tape.gaps)")
      let told = tape.gaps.reduce(Duration.zero) { $0 + ($1.end - $1.start) }
      #expect(abs((told - missing).inSeconds) < 0.06, "\(told) told, \(missing) missing")
    }
    #expect(tape.report.missing.count < 40, "\(tape.report)")
  }

  @Test("by hanging for a moment costs nothing", .timeLimit(.minutes(3)))
  func paused() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 32), burst: 0)
    try await bench.capture(for: .seconds(2))
    let ingest = try #require(bench.ingest)
    kill(ingest, SIGSTOP)
    try await bench.capture(for: .milliseconds(2200))
    kill(ingest, SIGCONT)
    try await bench.capture(for: .seconds(3))
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
  }

  @Test(
    "by hanging for good is replaced, and what the server sends again is not missed",
    .timeLimit(.minutes(3)))
  func hung() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 33), burst: 65_536)
    try await bench.capture(for: .seconds(3))
    let first = try #require(bench.ingest)
    kill(first, SIGSTOP)
    defer { kill(first, SIGKILL) }
    try await eventually("another ingest is there", within: .seconds(60)) {
      bench.desk.pulses.all.count > 0
        && FolderListing.names(in: bench.desk.home("run")).contains("ingest-recorder-1~2.sock")
    }
    try await bench.capture(for: .seconds(4))
    kill(first, SIGCONT)
    do {
      try await eventually("the first one ends, its lines being taken over", within: .seconds(60)) {
        kill(first, 0) != 0
      }
    } catch {
      throw TestFailure("\(error)\n\(bench.log)")
    }
    let tape = try await bench.close()
    #expect(tape.report.isSeamless, "\(tape.report)\n\(bench.log)")
    #expect(tape.gaps.isEmpty, "\(tape.gaps)")
  }
}
