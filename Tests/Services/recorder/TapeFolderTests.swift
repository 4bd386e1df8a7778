import Base
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Recorders that share a home folder.
struct TapeFolderTests {
  @Test func `The first recorder has the plain folder, every other one its own, for good`() throws {
    let folder = try TemporaryFolder()
    let tape = folder("media/tape")
    let (one, two) = (NodeID(unchecked: "recorder-1"), NodeID(unchecked: "recorder-2"))
    #expect(TapeFolder.find(tape, of: two) == tape)
    #expect(TapeFolder.claim(tape, for: two) == tape)
    for _ in 0..<2 {
      #expect(TapeFolder.claim(tape, for: one) == tape + "-recorder-1")
      #expect(TapeFolder.claim(tape, for: two) == tape)
      #expect(TapeFolder.find(tape, of: one) == tape + "-recorder-1")
    }
    #expect(FolderListing.names(in: tape) == [TapeFolder.ownerFile])
  }

  @Test func `Of many that come at once each has another`() async throws {
    let folder = try TemporaryFolder()
    let tape = folder("tape")
    let found = await withTaskGroup(of: String.self) { group in
      for number in 1...8 {
        group.addTask {
          await onOwnThread { TapeFolder.claim(tape, for: NodeID(unchecked: "recorder-\(number)")) }
        }
      }
      return await group.reduce(into: [String]()) { $0.append($1) }
    }
    #expect(Set(found).count == 8 && found.contains(tape))
  }

  @Test(.timeLimit(.minutes(4)))
  func `A recorder that starts beside one that captures takes nothing from it`() async throws {
    let bench = try await RestartBench.start(NumberedFrames(tag: 27), burst: 0)
    for _ in 0..<2 {
      try await bench.capture(for: .milliseconds(2700))
      let second = try await bench.desk.launch(["AIRLOOM_NODE": "recorder-2"])
      try await eventually("the second one is there", within: .seconds(60)) {
        FolderListing.exists(bench.desk.home("media/tape-recorder-2"))
          && FolderListing.exists(bench.desk.home("run/recorder-2.port"))
      }
      try await bench.capture(for: .seconds(3))
      await second.stop()
    }
    let tape = try await bench.close()
    #expect(
      tape.report.isSeamless && tape.gaps.isEmpty, "\(tape.report) \(tape.gaps)\n\(bench.log)")
    #expect(!bench.log.contains("cannot be written"), "\(bench.log)")
  }
}
