import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Captures of stations that offer exactly what a test says.
struct HLSCaptureTests {
  /// A recorder's capture of one station, until `stop`.
  struct Run {
    let studio: Studio
    let pool: CapturePool

    init(_ studio: Studio, _ url: String, height: Int? = nil) async throws {
      self.studio = studio
      pool = CapturePool(studio.environment())
      var definition = CaptureTests.definition([url])
      definition.maximumHeight = height
      await pool.define([definition])
      pool.want([.radio])
    }

    /// The station's numbers on the tape, in its order.
    func numbers() async throws -> [Int64] {
      try await studio.segments(.radio).compactMap { $0.media?.mediaSequence }
    }

    func reach(_ numbers: [Int64]) async throws {
      try await eventually("\(numbers) are on the tape", within: .seconds(90)) {
        try await self.numbers() == numbers
      }
    }
  }

  static func stored(_ studio: Studio) async throws -> [[UInt8]] {
    try await studio.segments(.radio).map {
      try DurableFile.read(studio.tapeRoot + "/" + $0.path)
    }
  }

  /// A list whose number 0 began long enough ago that `numbers` are in the present.
  static func date(of numbers: Range<Int>) -> String {
    (SystemTimeSource().now() - .seconds(numbers.upperBound)).description
  }

  /// Everything that is listed counts as needed.
  static func need(_ studio: Studio) async throws {
    let now = SystemTimeSource().now()
    let set = DesiredSet(
      version: 1, streams: [],
      recordings: [plan(from: now - .seconds(3600), to: now + .seconds(3600))])
    try await studio.database.write { transaction in
      _ = try RecordingCatalog.store(set, at: now, transaction)
    }
  }

  @Test
  func `What a station lists is stored once, as it is, also over redirects and a master list`()
    async throws
  {
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let date = Self.date(of: 0..<5)
    station.offer(0..<5, date: date, list: "moved/live.m3u8")
    for number in 0..<8 {
      station.set("moved/s\(number).aac", .bytes(ScriptedStation.packedSegment(number)))
    }
    station.set("live.m3u8", .redirect(station.url("moved/live.m3u8")))
    station.set(
      "master.m3u8",
      """
      #EXTM3U
      #EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1920x1080
      high.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=600000,RESOLUTION=1280x720
      missing.m3u8
      #EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=640x360
      live.m3u8
      """)
    let run = try await Run(studio, station.url("master.m3u8"), height: 720)
    try await run.reach([0, 1, 2, 3, 4])
    station.offer(2..<8, date: date, list: "moved/live.m3u8")
    try await run.reach(Array(0..<8))
    await run.pool.stop()
    #expect(try await Self.stored(studio) == (0..<8).map { ScriptedStation.packedSegment($0) })
    let segments = try await studio.segments(.radio)
    let start = try #require(Instant(date))
    #expect(segments.map(\.start) == (0..<8).map { start + .seconds($0) })
    #expect(segments.map(\.splice) == [.first] + [Splice](repeating: .continuous, count: 7))
    #expect(try await studio.gaps(.radio).isEmpty)
    #expect(station.asked.filter { $0 == "moved/s3.aac" }.count == 1)
    #expect(station.asked.contains("missing.m3u8") && !station.asked.contains("high.m3u8"))
    let told = try #require(studio.told.last { $0.state == .capturing })
    #expect(told.codec == "mp4a.40.2" && told.bitsPerSecond ?? 0 > 0)
  }

  @Test func `A restart goes on behind the last segment; what is half written is thrown away`()
    async throws
  {
    let station = try ScriptedStation()
    let before = try Studio()
    try await Self.need(before)
    let date = Self.date(of: 0..<4)
    station.offer(0..<4, date: date)
    let first = try await Run(before, station.url("live.m3u8"))
    try await first.reach([0, 1, 2, 3])
    await first.pool.stop()

    let studio = try await Studio(copyOf: before)
    let last = try #require(try await studio.segments(.radio).last)
    // As if killed while the next one was written, and after one was placed that has no row yet.
    let part = MediaPath.path(
      .radio, start: last.end, sequence: 4, mediaSequence: 4, container: .packedAAC)
    try studio.folder.file("tape/\(part).part", [1, 2, 3])
    try await studio.database.write { try SegmentCatalog.remove(.radio, sequence: 3, $0) }
    let report = try await TapeReconciler(root: studio.tapeRoot).run(
      studio.database, log: .silent)
    #expect(report.adopted == 1 && report.removed == 1 && report.missing == 0)
    station.offer(2..<7, date: date)
    let second = try await Run(studio, station.url("live.m3u8"))
    try await second.reach(Array(0..<7))
    await second.pool.stop()
    let sound = (0..<7).map {
      ScriptedStation.packedSegment($0 + 1000 * Int(UInt8(ascii: "s")))
    }
    #expect(try await Self.stored(studio) == sound)
    #expect(try await studio.gaps(.radio).isEmpty)
  }

  @Test func `An outage longer than the list leaves exactly the rest as one gap`() async throws {
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let date = Self.date(of: 0..<4)
    station.offer(0..<4, date: date)
    let run = try await Run(studio, station.url("live.m3u8"))
    try await run.reach([0, 1, 2, 3])
    await station.goAway()
    try await eventually("the outage is told", within: .seconds(90)) {
      studio.told.last?.state == .waiting
    }
    station.offer(7..<10, date: date)
    try station.comeBack()
    try await run.reach([0, 1, 2, 3, 7, 8, 9])
    await run.pool.stop()
    let start = try #require(Instant(date))
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.map(\.cause) == [.sourceUnreachable], "\(gaps)")
    #expect(gaps.first?.start == start + .seconds(4) && gaps.first?.end == start + .seconds(7))
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.sequence) == [0, 1, 2, 3, 7, 8, 9])
    #expect(segments[4].splice == .afterGap)
  }

  @Test func `What is missing, marked as missing, cut off or refused is told or tried again`()
    async throws
  {
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let date = Self.date(of: 0..<5)
    station.set("s1.aac", .status(404))
    station.set("s2.aac", .status(503))
    // Half of it, as a proxy hands it out.
    let whole = ScriptedStation.packedSegment(3 + 1000 * Int(UInt8(ascii: "s")))
    station.set("s3.aac", .bytes(Array(whole.prefix(whole.count / 3))))
    station.offer(0..<5, date: date, extra: [4: "#EXT-X-GAP"])
    let run = try await Run(studio, station.url("live.m3u8"))
    try await eventually("all were tried", within: .seconds(90)) {
      Set(["s0.aac", "s1.aac", "s2.aac", "s3.aac"]).isSubset(of: station.asked)
    }
    station.set("s2.aac", .bytes(ScriptedStation.packedSegment(2)))
    station.set("s3.aac", .bytes(whole))
    try await run.reach([0, 2, 3])
    #expect(!station.asked.contains("s4.aac"))
    station.offer(3..<8, date: date, extra: [4: "#EXT-X-GAP"])
    try await run.reach([0, 2, 3, 5, 6, 7])
    let start = try #require(Instant(date))
    let gaps = try await eventually("the lost one is told", within: .seconds(90)) {
      let gaps = try await studio.gaps(.radio)
      return gaps.count == 2 ? gaps : nil
    }
    await run.pool.stop()
    #expect(gaps.map(\.cause) == [.sourceExpired, .sourceGap])
    #expect(gaps.map(\.start) == [start + .seconds(1), start + .seconds(4)])
    #expect(gaps.map(\.end) == [start + .seconds(2), start + .seconds(5)])
  }

  @Test func `Encrypted segments are stored opened, and never half`() async throws {
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let key = (0..<16).map { UInt8($0 * 3 + 1) }
    var plain: [[UInt8]] = []
    for number in 0..<3 {
      plain.append(ScriptedStation.packedSegment(number))
      let iv = hexadecimal([UInt8](repeating: 0, count: 15) + [UInt8(number)])
      let path = try studio.folder.file("plain\(number)", plain[number])
      let run = try await ChildProcess.run(
        ChildCommand(
          "openssl",
          [
            "enc", "-aes-128-cbc", "-K", hexadecimal(key), "-iv", iv, "-in", path, "-out",
            path + ".enc",
          ]), timeout: .seconds(20))
      #expect(run.exit.isSuccess, "\(run.errorText)")
      station.set("s\(number).aac", .bytes(try DurableFile.read(path + ".enc")))
    }
    station.set("wrong", .bytes([UInt8](repeating: 9, count: 16)))
    station.set("key", .bytes(key))
    let lines = ["wrong", "key"].map { "#EXT-X-KEY:METHOD=AES-128,URI=\"\($0)\"" }
    let date = Self.date(of: 0..<3)
    station.offer(0..<3, date: date, extra: [0: lines[0]])
    let run = try await Run(studio, station.url("live.m3u8"))
    try await eventually("they were tried", within: .seconds(90)) {
      station.asked.filter { $0 == "s0.aac" }.count >= 2
    }
    #expect(try await run.numbers().isEmpty)
    await run.pool.stop()
    station.offer(0..<3, date: date, extra: [0: lines[1]])
    run.pool.want([.radio])
    try await run.reach([0, 1, 2])
    await run.pool.stop()
    #expect(try await Self.stored(studio) == plain)
  }

  @Test func `An encryption that cannot be opened is refused with a sentence`() async throws {
    let station = try ScriptedStation()
    let studio = try Studio()
    station.offer(0..<3, extra: [0: "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\""])
    let run = try await Run(studio, station.url("live.m3u8"))
    try await eventually("it is refused", within: .seconds(90)) {
      studio.told.last?.reason?.contains("encrypted in a way") == true
    }
    await run.pool.stop()
    #expect(!station.asked.contains("s0.aac"))
  }

  @Test func `A station that begins to count anew loses nothing and doubles nothing`() async throws
  {
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let date = Self.date(of: 50..<54)
    station.offer(50..<54, date: date)
    let run = try await Run(studio, station.url("live.m3u8"))
    try await run.reach([50, 51, 52, 53])
    let later = try #require(Instant(date)) + .seconds(54)
    station.offer(0..<3, prefix: "new", date: later.description)
    try await run.reach([50, 51, 52, 53, 0, 1, 2])
    await run.pool.stop()
    let segments = try await studio.segments(.radio)
    #expect(segments.map(\.sequence) == Array(0..<7))
    #expect(segments[4].splice == .discontinuity && segments[4].start == later)
    #expect(try await studio.gaps(.radio).isEmpty)
  }

  @Test func `A full disk costs nothing while the station keeps its segments`() async throws {
    let disk = FaultyDisk()
    let station = try ScriptedStation()
    let studio = try Studio()
    try await Self.need(studio)
    let pool = CapturePool(studio.environment(disk: disk))
    await pool.define([CaptureTests.definition([station.url("live.m3u8")])])
    disk.fail(.write, with: ENOSPC)
    let date = Self.date(of: 0..<20)
    station.offer(0..<20, date: date)
    pool.want([.radio])
    try await eventually("it is told", within: .seconds(90)) { studio.told.last?.state == .blocked }
    // No more are fetched than memory may hold.
    try await eventually("memory is full", within: .seconds(90)) {
      station.asked.filter { $0.hasSuffix(".aac") }.count >= 8
    }
    #expect(station.asked.filter { $0.hasSuffix(".aac") }.count <= 10)
    disk.fail(.write, with: nil)
    try await eventually("all are stored", within: .seconds(90)) {
      try await studio.segments(.radio).map(\.sequence) == Array(0..<20)
    }
    await pool.stop()
    // The list has not moved meanwhile; but nothing of it is missing.
    let end = try #require(Instant(date)) + .seconds(20)
    #expect(try await studio.gaps(.radio).allSatisfy { $0.start >= end })
  }

  @Test func `What a station still lists of a window that is over comes into its recording`()
    async throws
  {
    let station = try ScriptedStation()
    let before = try Studio()
    try await Self.need(before)
    // Half a minute ago, as it was when the recorder died.
    let start = Instant(seconds: SystemTimeSource().now().seconds) - .seconds(40)
    station.offer(0..<4, date: start.description)
    let first = try await Run(before, station.url("live.m3u8"))
    try await first.reach([0, 1, 2, 3])
    await first.pool.stop()

    let studio = try await Studio(copyOf: before)
    station.offer(2..<9, date: start.description)
    let running = PlanKeeperTests.start(studio)
    let show = plan("show", from: start + .seconds(1), to: start + .seconds(8))
    try await PlanKeeperTests.give(
      studio, running.keeper, version: 2, url: station.url("live.m3u8"), [show])
    let finished = try await eventually("it is finished", within: .seconds(150)) {
      try await studio.said(RecordingFinished.self).first
    }
    await running.stop()
    #expect(finished.file.gaps == [] && finished.file.contentType == "audio/mp4")
    #expect(abs(finished.file.durationUs - 7_000_000) < 200_000, "\(finished.file.durationUs)")
  }
}
