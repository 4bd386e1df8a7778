import Base
import Glibc
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// What a connection brought before its place on the tape was known.
struct WaitingFramesTests {
  static func bytes(_ frames: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
    frames.withUnsafeBytes(body)
  }

  @Test func `The file holds what was given until it is on the tape`() throws {
    let studio = try Studio()
    let frames = NumberedFrames()
    let now = Monotonic(nanoseconds: 0)
    let waiting = WaitingFrames(
      stream: .radio, root: studio.tapeRoot, disk: SystemDisk(), syncEvery: .seconds(2))
    let start = Instant(seconds: 1_800_000_000)
    for piece in [0..<10, 10..<30] as [Range<UInt64>] {
      Self.bytes(frames.frames(piece)) {
        waiting.append($0, start: start, sequence: 7, codec: .mp3, now: now)
      }
    }
    let path =
      studio.tapeRoot + "/" + TapePath.path(.radio, start: start, sequence: 7, codec: .mp3)
      + ".held"
    #expect(try DurableFile.read(path) == frames.frames(0..<30))
    waiting.placed()
    #expect(FolderListing.exists(path) && waiting.hasPlaced)
    waiting.removePlaced()
    #expect(!FolderListing.exists(path))
  }

  @Test func `A disk that fails leaves no file with a hole`() throws {
    let studio = try Studio()
    let disk = FaultyDisk()
    let waiting = WaitingFrames(
      stream: .radio, root: studio.tapeRoot, disk: disk, syncEvery: .seconds(2))
    let start = Instant(seconds: 1_800_000_000)
    let now = Monotonic(nanoseconds: 0)
    let frames = NumberedFrames()
    for (piece, isFull) in [(0..<10, false), (10..<20, true), (20..<30, false)]
      as [(Range<UInt64>, Bool)]
    {
      disk.fail(.write, with: isFull ? ENOSPC : nil)
      Self.bytes(frames.frames(piece)) {
        waiting.append($0, start: start, sequence: 0, codec: .mp3, now: now)
      }
    }
    let names = TapeHours(root: studio.tapeRoot).all(of: .radio).flatMap {
      FolderListing.names(in: studio.tapeRoot + "/" + $0)
    }
    #expect(names == [])
  }

  /// Of a server without a burst, whose frames all wait for three seconds after a restart.
  @Test func `A second kill right after a restart loses nothing that had come`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start(burstBytes: 0)
    let source = try await CaptureTests.source(server, frames)
    let desk = try await RecorderProcessTests.Desk()
    // With an ingest a restart goes on where it was, and nothing waits.
    let alone = ["AIRLOOM_RECORDER_INGEST": "false"]
    var child = try await desk.launch(alone)
    try await eventually("the recorder is heard") { !desk.pulses.all.isEmpty }
    let now = SystemTimeSource().now()
    let show = plan(from: now + .seconds(1), to: now + .seconds(16))
    try await desk.give(RecorderProcessTests.set(server.url("live"), 1, [show]))
    let hours = TapeHours(root: desk.home("media/tape"))
    func files(_ suffix: String) -> [String] {
      hours.all(of: .radio).flatMap { folder in
        FolderListing.names(in: hours.root + "/" + folder).filter { $0.hasSuffix(suffix) }
          .map { hours.root + "/" + folder + "/" + $0 }
      }
    }
    try await eventually("there is a tape") { files(".mp3").count >= 2 }
    await child.stop(.kill)
    child = try await desk.launch(alone)
    let held = try await eventually("frames wait for their place") {
      files(".held").first { (try? DurableFile.read($0).count) ?? 0 > 12_000 }
    }
    await child.stop(.kill)
    let waiting = try NumberedReport(fileAt: held, of: frames).numbers
    child = try await desk.launch(alone)
    let finished = try await eventually("it is finished", within: .seconds(60)) {
      desk.all(RecordingFinished.self).first
    }
    source.stop()
    await child.stop()
    let report = try NumberedReport(fileAt: finished.file.path, of: frames)
    #expect(Set(waiting).isSubset(of: report.numbers), "\(waiting.count) waited: \(report)")
    #expect(report.duplicates.isEmpty && report.reordered.isEmpty && report.corrupt == 0)
    #expect(files(".held").isEmpty)
    let missing = frames.frameDuration * report.missing.count
    let told = Duration.microseconds(finished.file.lossUs)
    #expect(told - missing < .milliseconds(150) && missing - told < .milliseconds(150), "\(report)")
  }
}
