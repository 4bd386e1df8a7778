import Base
import Glibc
import Media
import Messages
import Metrics
import TestSupport
import Testing

@testable import airloom_recorder

@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount"), .serialized)
struct FullDiskTests {
  static func guarded(_ root: String, ballast: Int64) -> BallastedDisk {
    BallastedDisk(
      disk: SystemDisk(), ballast: Ballast(in: root, size: ballast),
      metrics: HealthMetrics(MetricsRegistry()), pace: DiskPace(), time: SystemTimeSource())
  }

  static func free(_ path: String) -> Int64 { FolderListing.freeBytes(at: path) ?? 0 }

  @Test func `The ballast gives the tape room on a full disk, piece by piece`() throws {
    let folder = try TemporaryFolder()
    let disk = try SmallDisk(at: folder("disk"), megabytes: 16)
    let guarded = Self.guarded(disk.path, ballast: 2 << 20)
    guarded.ballast.fill(free: Self.free(disk.path))
    #expect(guarded.ballast.size == 2 << 20)
    #expect(Self.free(disk.path) <= 14 << 20)
    try disk.fill()
    let descriptor = try guarded.create(disk.path + "/tape")
    let bytes = [UInt8](repeating: 7, count: 64 << 10)
    var written = 0
    while let count = try? bytes.withUnsafeBytes({ try guarded.write($0, to: descriptor) }) {
      written += count
    }
    guarded.close(descriptor)
    #expect(written >= (2 << 20) - (256 << 10) && guarded.ballast.size == 0)
    // It is made whole again when there is room, and not while there is little.
    guarded.ballast.fill(free: Self.free(disk.path))
    #expect(guarded.ballast.size == 0)
    disk.free()
    guarded.ballast.fill(free: Self.free(disk.path))
    #expect(guarded.ballast.size == 2 << 20)
    // A restart finds what is there.
    let next = Ballast(in: disk.path, size: 1 << 20)
    next.fill(free: Self.free(disk.path))
    #expect(next.size == 1 << 20)
  }

  @Test func `A stream of frames outlasts a full disk, from memory, and goes on by itself`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let studio = try Studio()
    let disk = try SmallDisk(at: studio.tapeRoot, megabytes: 4)
    let pool = CapturePool(
      studio.environment(disk: Self.guarded(studio.tapeRoot, ballast: 0)))
    await pool.define([CaptureTests.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("two segments") { try await studio.segments(.radio).count >= 2 }
    try disk.fill()
    try await eventually("it is said") { studio.told.last?.state == .blocked }
    let held = try await studio.segments(.radio).count
    // Some sound gathers in memory.
    try await eventually("sound in memory") {
      await pool.figures()[.radio]?.heldSeconds ?? 0 > 3
    }
    disk.free()
    let freed = SystemTimeSource().monotonic()
    try await eventually("it goes on") {
      try await studio.segments(.radio).count > held + 2
        && studio.told.last?.state == .capturing
    }
    #expect(SystemTimeSource().monotonic() - freed < .seconds(10))
    await pool.stop()
    source.stop()
    let report = try await studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
    #expect(try await studio.gaps(.radio).isEmpty)
  }

  @Test func `Streams that wait together share one memory, and what they give up is told`()
    async throws
  {
    let server = try await IcecastServer.start()
    let studio = try Studio()
    let disk = try SmallDisk(at: studio.tapeRoot, megabytes: 4)
    let limit = 768 << 10
    let memory = HeldMemory(limit: limit)
    let pool = CapturePool(
      studio.environment(disk: Self.guarded(studio.tapeRoot, ballast: 0), memory: memory))
    // A thin stream needs a minute for its share; two others are at theirs within ten seconds.
    let thin = StreamID(unchecked: "thin")
    let wide = [StreamID(unchecked: "wide-1"), StreamID(unchecked: "wide-2")]
    var sources: [NumberedIcecastSource] = []
    var definitions: [StreamDefinition] = []
    for (number, stream) in ([thin] + wide).enumerated() {
      let kind = NumberedFrames.Kind.mp3(
        kilobits: stream == thin ? 32 : 320, sampleRate: 44_100)
      let mount = stream.description
      sources.append(
        try await CaptureTests.source(
          server, NumberedFrames(kind, tag: UInt32(number + 1)), mount: mount))
      definitions.append(
        StreamDefinition(id: stream, name: mount, urls: [server.url(mount)]))
    }
    await pool.define(definitions)
    pool.want(Set([thin] + wide))
    for stream in [thin] + wide {
      try await eventually("tape of \(stream)") { try await !studio.segments(stream).isEmpty }
    }
    try disk.fill()
    var most = 0
    for stream in wide {
      try await eventually("\(stream) gives up something", within: .seconds(50)) {
        most = max(most, memory.bytes)
        return try await studio.gaps(stream).contains { $0.detail.contains("held_mib") }
      }
    }
    // What is being written stays, a second of each, and what came since the last tick.
    #expect(most > limit / 2 && most < limit + 256 << 10, "\(most)")
    disk.free()
    try await eventually("nothing waits") { memory.bytes == 0 }
    await pool.stop()
    for source in sources { source.stop() }
    #expect(try await studio.gaps(thin).allSatisfy { $0.cause != .diskFull })
    for stream in wide {
      let gaps = try await studio.gaps(stream).filter { $0.cause == .diskFull }
      #expect(!gaps.isEmpty)
      #expect(gaps.allSatisfy { $0.detail == SourceFailure.memoryUsedUp(.diskFull) })
    }
    for stream in [thin] + wide {
      let account = try await studio.account(stream)
      #expect(account.unexplained.isEmpty, "\(stream): \(account.unexplained)")
      #expect(account.captured + account.missing == account.wanted)
    }
  }

  @Test func `With a ballast a short want of space is not even noticed`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let studio = try Studio()
    let disk = try SmallDisk(at: studio.tapeRoot, megabytes: 16)
    let guarded = Self.guarded(studio.tapeRoot, ballast: 1 << 20)
    guarded.ballast.fill(free: Self.free(disk.path))
    let pool = CapturePool(studio.environment(disk: guarded))
    await pool.define([CaptureTests.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("two segments") { try await studio.segments(.radio).count >= 2 }
    try disk.fill()
    let count = try await studio.segments(.radio).count
    try await eventually("more segments on the full disk") {
      try await studio.segments(.radio).count > count + 3
    }
    await pool.stop()
    source.stop()
    #expect(!studio.told.contains { $0.state == .blocked })
    #expect(guarded.ballast.size < 1 << 20)
    let report = try await studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
  }
}
