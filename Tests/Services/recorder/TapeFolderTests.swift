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
      #expect(TapeFolder.claim(tape, for: one) == tape + "/@recorder-1")
      #expect(TapeFolder.claim(tape, for: two) == tape)
      #expect(TapeFolder.find(tape, of: one) == tape + "/@recorder-1")
    }
    #expect(FolderListing.names(in: tape) == [TapeFolder.ownerFile])
    // No stream is called so.
    #expect(StreamID("@recorder-1") == nil)
  }

  @Test func `While its disk is not mounted, a folder of one's own is waited for`() throws {
    let folder = try TemporaryFolder()
    let tape = folder("media/tape")
    let node = NodeID(unchecked: "recorder-2")
    #expect(
      TapeFolder.claim(tape, for: node, known: tape + "/@recorder-2") == tape + "/@recorder-2")
    #expect(!FolderListing.exists(tape))
    #expect(TapeFolder.claim(tape, for: node, known: tape) == tape)
  }

  @Test func `What a recorder had in a folder that was shared goes along, and nothing else`() throws
  {
    let folder = try TemporaryFolder()
    let (tape, own) = (folder("tape"), folder("tape/@recorder-2"))
    for name in ["radio/10/a.mp3", "radio/10/other.mp3", "tv/init/1.mp4"] {
      try folder.file("tape/" + name, name)
    }
    for _ in 0..<2 {
      TapeFolder.takeAlong(
        ["radio/10/a.mp3", "radio/10/gone.mp3"], shared: ["tv/init/1.mp4"], from: tape, to: own)
    }
    #expect(try DurableFile.read(own + "/radio/10/a.mp3") == Array("radio/10/a.mp3".utf8))
    #expect(FolderListing.names(in: tape + "/radio/10") == ["other.mp3"])
    #expect(FolderListing.names(in: own + "/radio/10") == ["a.mp3"])
    #expect(FolderListing.exists(own + "/tv/init/1.mp4"))
    #expect(FolderListing.exists(tape + "/tv/init/1.mp4"))
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
        FolderListing.exists(bench.desk.home("media/tape/@recorder-2"))
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
