import Base
import Media
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// DASH stations, captured as HLS ones are: each segment once, as it is.
struct DASHCaptureTests {
  /// What the station called the segments on the tape, and whether they are what it has.
  private static func numbers(
    _ studio: Studio, _ station: DASHStation, isSound: Bool = false
  ) async throws -> [Int] {
    let stream = isSound ? StreamID.radio.sound : .radio
    let section = hexadecimal(SHA256.hash(try station.section(ofSound: isSound)))
    return try await studio.segments(stream).map { segment in
      let media = try #require(segment.media)
      let digits = media.address.suffix("00001.m4s".count).prefix(5)
      let number = try #require(Int(digits), "\(media.address)")
      let tape = try DurableFile.read(studio.tapeRoot + "/" + segment.path)
      let isSame = try station.segment(ofSound: isSound, number: number) == tape
      #expect(isSame, "segment \(number) is not the station's")
      #expect(media.initialisation == section)
      return number
    }
  }

  private static func expectConsecutive(_ numbers: [Int]) {
    #expect(numbers == Array((numbers.first ?? 0)..<(numbers.first ?? 0) + numbers.count))
  }

  @Test(arguments: DASHStation.Naming.allCases)
  func `Over an outage and a restart, each segment is on the tape once, byte for byte`(
    _ naming: DASHStation.Naming
  ) async throws {
    let station = try await DASHStation.start(naming, listed: 15)
    var studio = try Studio()
    try await HLSCaptureTests.need(studio)
    let router = { (studio: Studio) in TransportCaptureTests.router(studio) }
    var pool = CapturePool(studio.environment(opener: router(studio)))
    await pool.define([CaptureTests.definition([station.url])])
    pool.want([.radio])
    try await Self.reach(4, studio)
    await station.goAway()
    try await eventually("the outage is seen", within: .seconds(60)) {
      studio.told.last { $0.stream == .radio }?.state == .waiting
    }
    try station.comeBack()
    // Until the list has left its beginning, so that only the tape knows how the count began.
    try await Self.reach(17, studio)
    await pool.stop()

    studio = try await Studio(copyOf: studio)
    pool = CapturePool(studio.environment(opener: router(studio)))
    await pool.define([CaptureTests.definition([station.url])])
    pool.want([.radio])
    try await Self.reach(21, studio)
    await pool.stop()
    await station.stop()

    Self.expectConsecutive(try await Self.numbers(studio, station))
    Self.expectConsecutive(try await Self.numbers(studio, station, isSound: true))
    let segments = try await studio.segments(.radio)
    #expect(
      segments.allSatisfy { $0.media?.container == .fragmentedMP4 && $0.media?.height == 180 })
    for (one, next) in zip(segments, segments.dropFirst()) {
      #expect(abs((next.start - one.end).inSeconds) < 0.01, "\(one.end) \(next.start)")
    }
    let start = try #require(segments.first?.start)
    #expect(try await studio.gaps(.radio).allSatisfy { $0.end <= start })
  }

  @Test func `A recording has the picture and its sound, which the station offers apart`()
    async throws
  {
    let station = try await DASHStation.start(.timeline)
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: TransportCaptureTests.router(studio)))
    await pool.define([CaptureTests.definition([station.url])])
    pool.want([.radio])
    try await Self.reach(8, studio)
    await pool.stop()
    await station.stop()
    let segments = try await studio.segments(.radio)
    let recording = plan(
      from: segments[1].start + .milliseconds(500), to: segments[6].start + .milliseconds(500))
    try await FinisherTests.store(recording, studio)
    try await studio.database.write {
      try RecordingCatalog.beginAttempt(of: recording.job, $0)
    }
    let file = try await MediaFinisherTests.finish(studio)
    let facts = try await MediaFinisherTests.facts(file.path)
    #expect(facts.codecs == ["h264", "aac"])
    // From the beginning of the segment in which it begins.
    #expect(abs(facts.seconds - 5.5) < 0.2 && file.gaps.isEmpty, "\(facts) \(file.gaps)")
  }

  private static func reach(_ count: Int, _ studio: Studio) async throws {
    try await eventually("\(count) segments of each", within: .seconds(90)) {
      let picture = try await studio.segments(.radio).count
      let sound = try await studio.segments(StreamID.radio.sound).count
      return min(picture, sound) >= count
    }
  }

  @Test func `A station that falls silent is said to have stalled, though its manifest goes on`()
    async throws
  {
    let station = try await DASHStation.start(.numbers)
    let studio = try Studio()
    let pool = CapturePool(studio.environment(opener: TransportCaptureTests.router(studio)))
    await pool.define([CaptureTests.definition([station.url])])
    pool.want([.radio])
    try await eventually("two segments", within: .seconds(60)) {
      try await studio.segments(.radio).count >= 2
    }
    await station.stop()
    let status = try await eventually("the silence is told", within: .seconds(90)) {
      studio.told.last { $0.stream == .radio }.flatMap { $0.state == .stalled ? $0 : nil }
    }
    #expect(status.reason?.contains("does not give them") == true, "\(status)")
    await pool.stop()
  }

  @Test func `What cannot be captured is refused in a sentence`() async throws {
    let server = try ScriptedStation()
    func set(_ name: String, _ protection: String, _ segments: String) {
      server.set(
        name,
        """
        <MPD type="static"><Period><AdaptationSet mimeType="audio/mp4">\(protection)
        <Representation id="a">\(segments)</Representation></AdaptationSet></Period></MPD>
        """)
    }
    let named = #"<SegmentTemplate duration="2" endNumber="3" media="$Number$.m4s"/>"#
    set("secret.mpd", #"<ContentProtection schemeIdUri="urn:uuid:1"/>"#, named)
    set("whole.mpd", "", "<BaseURL>all.mp4</BaseURL><SegmentBase/>")
    for (name, words) in [
      ("secret.mpd", "is encrypted in a way"), ("whole.mpd", "offers nothing that can be captured"),
    ] {
      let studio = try Studio()
      let pool = CapturePool(studio.environment(opener: TransportCaptureTests.router(studio)))
      await pool.define([CaptureTests.definition([server.url(name)])])
      pool.want([.radio])
      try await eventually("\(name) is refused", within: .seconds(60)) {
        studio.told.last?.reason?.contains(words) == true
      }
      await pool.stop()
      #expect(try await studio.gaps(.radio).contains { $0.cause == .sourceRefused })
    }
  }
}
