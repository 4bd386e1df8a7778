import Base
import Glibc
import Media
import Messages
import Synchronization
import TestSupport
import Testing

@testable import airloom_recorder

/// A disk that fails when told to; everything else goes to the real one.
final class FaultyDisk: TapeDisk {
  enum Call: Hashable { case create, write, sync, rename, syncFolder }

  private let real = SystemDisk()
  private let faults = Mutex<[Call: Int32]>([:])
  private let calls = Mutex<[Call: Int]>([:])

  func fail(_ call: Call, with code: Int32?) { faults.withLock { $0[call] = code } }
  func count(_ call: Call) -> Int { calls.withLock { $0[call] ?? 0 } }

  private func pass(_ call: Call) throws(SystemError) {
    calls.withLock { $0[call, default: 0] += 1 }
    if let code = faults.withLock({ $0[call] }) { throw SystemError(code: code, call: "\(call)") }
  }

  func makeFolders(_ path: String) throws(SystemError) { try real.makeFolders(path) }
  func create(_ path: String) throws(SystemError) -> Int32 {
    try pass(.create)
    return try real.create(path)
  }
  func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) -> Int {
    try pass(.write)
    // Short writes are allowed by write(2).
    return try real.write(
      UnsafeRawBufferPointer(rebasing: bytes.prefix(1000)), to: descriptor)
  }
  func sync(_ descriptor: Int32) throws(SystemError) {
    try pass(.sync)
    try real.sync(descriptor)
  }
  func close(_ descriptor: Int32) { real.close(descriptor) }
  func rename(_ from: String, to path: String) throws(SystemError) {
    try pass(.rename)
    try real.rename(from, to: path)
  }
  func syncFolder(_ path: String) throws(SystemError) {
    try pass(.syncFolder)
    try real.syncFolder(path)
  }
  func remove(_ path: String) { real.remove(path) }
}

struct TapeWriterTests {
  static let frames = NumberedFrames()
  static let format = FrameFormat(codec: .mp3, sampleRate: 44_100, channels: 2)
  static let start = Instant("2026-11-21T19:59:58Z") ?? .epoch

  /// A writer and a clock, fed a frame at a time.
  final class Bench {
    let folder: TemporaryFolder
    let disk = FaultyDisk()
    let writer: TapeWriter
    var now = Monotonic(nanoseconds: 0)
    var number: UInt64 = 0
    var label = TapeWriterTests.start
    var closed: [Segment] = []
    var lost: [Gap] = []

    init(memoryLimit: Duration = .seconds(120)) throws {
      folder = try TemporaryFolder()
      writer = TapeWriter(
        stream: .radio, root: folder.path, nextSequence: 7, disk: disk, memoryLimit: memoryLimit)
    }

    func begin() {
      writer.begin(start: label, format: format, splice: .continuous, now: now)
    }

    func feed(_ count: Int) {
      for _ in 0..<count {
        let frame = frames.frame(number)
        frame.withUnsafeBytes { writer.append($0, frames: 1, samples: 1152, now: now) }
        number += 1
        now = now + frames.frameDuration
        label += frames.frameDuration
        writer.tick(now: now)
      }
      closed += writer.takeClosed()
      lost += writer.takeLost()
    }

    func close() {
      writer.close(now: now)
      closed += writer.takeClosed()
      lost += writer.takeLost()
    }

    /// What a power cut or a kill would leave: every file below the folder, in order of its name.
    var files: [String] {
      let list = Samples.list(folder.path)
      return list.sorted()
    }

    func report(_ paths: [String]) throws -> NumberedReport {
      NumberedReport(
        try paths.flatMap { try DurableFile.read(folder.path + "/" + $0) }, of: frames)
    }
  }

  enum Samples {
    /// Paths below a folder.
    static func list(_ root: String, _ below: String = "") -> [String] {
      TemporaryFolder.names(in: root + "/" + below).flatMap { name -> [String] in
        let path = below.isEmpty ? name : below + "/" + name
        let inside = list(root, path)
        return name.contains(".") ? [path] : inside
      }
    }
  }

  @Test func `Every appended frame is in the part file at once`() throws {
    let bench = try Bench()
    bench.begin()
    for count in 1...20 {
      bench.feed(1)
      let files = bench.files
      #expect(files.count == 1 && files[0].hasSuffix(".mp3.part"))
      #expect(try bench.report(files).numbers.count == count)
    }
    #expect(bench.closed.isEmpty)
  }

  @Test func `It is synced every two seconds, not more often`() throws {
    let bench = try Bench()
    bench.begin()
    // 383 frames are 10.005 s.
    bench.feed(383)
    #expect((5...6).contains(bench.disk.count(.sync)))
  }

  @Test func `A closed segment has its final name in the folder of its hour`() throws {
    let bench = try Bench()
    bench.begin()
    bench.feed(100)
    bench.close()
    bench.begin()
    bench.feed(10)
    bench.close()
    #expect(
      bench.closed.map(\.path) == [
        "radio/2026/11/21/19/20261121T195958.000000Z-00000007.mp3",
        "radio/2026/11/21/20/20261121T200000.612200Z-00000008.mp3",
      ])
    #expect(bench.files == bench.closed.map(\.path))
    #expect(bench.closed.map { $0.run?.frames } == [100, 10])
    #expect(bench.closed[0].run?.samples == 115_200)
    #expect(try bench.report(bench.files).isSeamless)
  }

  @Test func `A label that becomes certain later is in the final name`() throws {
    let bench = try Bench()
    bench.begin()
    bench.feed(10)
    let better = Self.start - .seconds(4)
    bench.writer.relabel(start: better)
    #expect(bench.files[0].contains("T195954.000000Z-00000007.mp3.part"))
    bench.feed(10)
    bench.close()
    #expect(bench.closed.map(\.start) == [better])
    #expect(bench.closed[0].path.contains("T195954.000000Z"))
    #expect(try bench.report(bench.files).isSeamless)
  }

  @Test func `A segment without frames leaves nothing`() throws {
    let bench = try Bench()
    bench.begin()
    bench.close()
    #expect(bench.files.isEmpty && bench.closed.isEmpty)
  }

  @Test(arguments: [
    (FaultyDisk.Call.write, ENOSPC), (.create, ENOSPC), (.write, EIO), (.sync, EIO),
    (.rename, ENOSPC), (.syncFolder, EIO), (.create, EROFS), (.create, EACCES),
  ])
  func `A disk that fails for a minute costs nothing`(
    _ call: FaultyDisk.Call, _ code: Int32
  ) throws {
    let bench = try Bench()
    bench.begin()
    bench.feed(50)
    bench.disk.fail(call, with: code)
    for _ in 0..<15 {
      bench.feed(150)
      bench.close()
      bench.begin()
    }
    let fault = try #require(bench.writer.fault)
    #expect(fault.cause == (code == ENOSPC ? .diskFull : .diskFault))
    #expect(bench.writer.heldDuration > .seconds(50))
    bench.disk.fail(call, with: nil)
    // Within ten seconds of the space's return it goes on.
    bench.feed(100)
    bench.close()
    #expect(bench.writer.fault == nil)
    #expect(bench.writer.heldDuration == .zero)
    #expect(bench.lost.isEmpty)
    let report = try bench.report(bench.closed.map(\.path))
    #expect(report.isSeamless && report.numbers.count == 2400, "\(report)")
    #expect(bench.files == bench.closed.map(\.path).sorted())
  }

  @Test func `Beyond the memory limit the oldest audio is given up and told to the millisecond`()
    throws
  {
    let bench = try Bench(memoryLimit: .seconds(20))
    bench.begin()
    bench.feed(50)
    bench.disk.fail(.write, with: ENOSPC)
    for _ in 0..<15 {
      bench.feed(150)
      bench.close()
      bench.begin()
    }
    bench.disk.fail(.write, with: nil)
    bench.feed(100)
    bench.close()
    let report = try bench.report(bench.closed.map(\.path))
    #expect(report.corrupt == 0 && report.duplicates.isEmpty && report.reordered.isEmpty)
    let lost = bench.lost.reduce(Duration.zero) { $0 + ($1.end - $1.start) }
    let missing = UInt64(2400 - report.numbers.count)
    let difference = lost - Self.frames.start(ofFrame: missing)
    #expect(missing > 0)
    #expect(difference < .milliseconds(1) && difference > .milliseconds(-1))
    #expect(bench.lost.allSatisfy { $0.cause == .diskFull })
  }

  @Test func `A file whose sync failed is never trusted again`() throws {
    let bench = try Bench()
    bench.begin()
    bench.feed(50)
    let before = bench.disk.count(.create)
    bench.disk.fail(.sync, with: EIO)
    bench.feed(100)
    bench.disk.fail(.sync, with: nil)
    bench.feed(100)
    bench.close()
    #expect(bench.disk.count(.create) > before)
    #expect(try bench.report(bench.files).numbers.count == 250)
  }
}
