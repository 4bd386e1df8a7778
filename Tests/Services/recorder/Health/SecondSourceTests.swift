import Base
import Media
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// Fallback addresses and sources that are not well, with frames that carry their number.
struct SecondSourceTests {
  static func pool(_ studio: Studio) -> CapturePool {
    var environment = studio.environment()
    environment.settings.trials.firstReturn = .seconds(2)
    environment.settings.trials.steady = .seconds(3)
    environment.settings.trials.firstRest = .seconds(5)
    return CapturePool(environment)
  }

  static func captured(_ studio: Studio) -> Int? {
    studio.told.last.flatMap { $0.state == .capturing ? $0.address : nil }
  }

  /// A source that goes on where another one is, as two encoders of one studio with a common clock.
  static func beside(
    _ other: NumberedIcecastSource, on server: IcecastServer, mount: String = "live"
  ) async throws -> NumberedIcecastSource {
    let next = try #require(other.log.last?.number) + 1
    return try await CaptureTests.source(server, other.frames, mount: mount, first: next)
  }

  static func more(_ studio: Studio) async throws {
    let count = try await studio.segments(.radio).count
    try await eventually("more of the tape", within: .seconds(60)) {
      try await studio.segments(.radio).count > count + 2
    }
  }

  @Test func `The first address goes down and comes back, and not a frame is lost or doubled`()
    async throws
  {
    let frames = NumberedFrames()
    let first = try await IcecastServer.start()
    let second = try await IcecastServer.start()
    let spare = try await CaptureTests.source(second, frames)
    let source = try await Self.beside(spare, on: first)
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([CaptureTests.definition([first.url("live"), second.url("live")])])
    pool.want([.radio])
    try await Self.more(studio)
    #expect(Self.captured(studio) == 0)

    await first.kill()
    source.stop()
    try await eventually("the second address", within: .seconds(90)) { Self.captured(studio) == 1 }
    try await Self.more(studio)

    let again = try await IcecastServer.start(port: first.port)
    let back = try await Self.beside(spare, on: again)
    try await eventually("the first address again", within: .seconds(90)) {
      Self.captured(studio) == 0
    }
    try await Self.more(studio)
    await pool.stop()
    back.stop()
    spare.stop()
    let report = try await studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.isEmpty, "\(gaps)")
    let splices = try await studio.segments(.radio).map(\.splice)
    #expect(splices.count { $0 == .exact } >= 2, "\(splices)")
    #expect(!splices.contains(.ambiguous) && !splices.contains(.afterGap), "\(splices)")
  }

  @Test func `A first address in another coding is returned to with a clean cut`() async throws {
    let mp3 = NumberedFrames()
    let aac = NumberedFrames(.adts(payload: 200, sampleRate: 44_100), tag: 2)
    let server = try await IcecastServer.start(burstBytes: 16_384)
    let spare = try await CaptureTests.source(server, aac, mount: "spare")
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([CaptureTests.definition([server.url("live"), server.url("spare")])])
    pool.want([.radio])
    try await eventually("the second address", within: .seconds(90)) { Self.captured(studio) == 1 }
    try await Self.more(studio)
    let source = try await CaptureTests.source(server, mp3)
    try await eventually("the first address", within: .seconds(90)) { Self.captured(studio) == 0 }
    try await Self.more(studio)
    await pool.stop()
    source.stop()
    spare.stop()
    let segments = try await studio.segments(.radio)
    #expect(segments.contains { $0.run?.format.codec == .mp3 })
    // What each address gave is whole, and no second is on the tape twice.
    for frames in [mp3, aac] {
      let report = try await studio.report(.radio, of: frames)
      #expect(report.missing.isEmpty && report.duplicates.isEmpty && report.corrupt == 0)
    }
    for (before, after) in zip(segments, segments.dropFirst()) {
      let hole = after.start - before.end
      #expect(hole > .milliseconds(-500) && hole < .milliseconds(500), "\(hole) \(after.splice)")
    }
  }

  @Test func `A mount that falls back to another programme is left for the next address`()
    async throws
  {
    let frames = NumberedFrames()
    let standbyFrames = NumberedFrames(.mp3(kilobits: 64, sampleRate: 48_000), tag: 7)
    let server = try await IcecastServer.start(fallbacks: ["live": "standby"])
    let standby = try await CaptureTests.source(server, standbyFrames, mount: "standby")
    let spare = try await CaptureTests.source(server, frames, mount: "spare")
    let source = try await Self.beside(spare, on: server)
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([CaptureTests.definition([server.url("live"), server.url("spare")])])
    pool.want([.radio])
    // What the station is must be known first.
    try await eventually("twelve seconds of it", within: .seconds(60)) {
      try await studio.segments(.radio).count >= 12
    }
    #expect(Self.captured(studio) == 0)
    source.stop()
    try await eventually("the second address", within: .seconds(90)) { Self.captured(studio) == 1 }
    try await Self.more(studio)
    let back = try await Self.beside(spare, on: server)
    try await eventually("the first address again", within: .seconds(90)) {
      Self.captured(studio) == 0
    }
    try await Self.more(studio)
    await pool.stop()
    for source in [back, spare, standby] { source.stop() }

    // The programme lacks one piece, for which the tape has the standby, whole.
    let programme = try await studio.report(.radio, of: frames)
    let filled = try await studio.report(.radio, of: standbyFrames)
    // Icecast itself may cut a frame where it moves its listeners.
    #expect(
      programme.duplicates.isEmpty && programme.reordered.isEmpty && programme.corrupt <= 2,
      "\(programme)")
    #expect(
      filled.missing.count <= 1 && filled.duplicates.isEmpty && filled.numbers.count > 50,
      "\(filled)")
    let missing = programme.missing
    let span = (missing.last ?? 0) - (missing.first ?? 0) + 1
    #expect(!missing.isEmpty && span == UInt64(missing.count), "\(programme)")
  }

  @Test func `A station that sends at half the pace is left for a connection that keeps it`()
    async throws
  {
    let frames = NumberedFrames()
    let begun = SystemTimeSource().monotonic()
    // The first listener gets half the pace, as behind a clogged line; later ones the present.
    let server = try PacedServer(frames) { connection, seconds in
      connection == 0 ? (from: seconds, pace: 0.4) : (from: max(0, seconds - 4), pace: 1)
    }
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([CaptureTests.definition([server.url])])
    pool.want([.radio])
    try await eventually("another connection takes over", within: .seconds(90)) {
      let segments = try await studio.segments(.radio)
      return server.connections >= 2 && segments.contains { ($0.run?.frames ?? 0) > 30 }
    }
    try await Self.more(studio)
    await pool.stop()
    // Found after two windows of ten seconds, tried for three.
    let lasting = SystemTimeSource().monotonic() - begun
    #expect(lasting > .seconds(20))
    let report = try await studio.report(.radio, of: frames)
    #expect(
      report.duplicates.isEmpty && report.reordered.isEmpty && report.corrupt == 0, "\(report)")
    // What is lost is told; where the two connections share no frame, as far as arrival can tell.
    let told = try await studio.gaps(.radio).reduce(Duration.zero) { $0 + ($1.end - $1.start) }
    let lost = frames.frameDuration * report.missing.count
    #expect(told - lost < .seconds(2) && lost - told < .seconds(2), "told \(told), lost \(lost)")
  }

  @Test func `A first address that is a playlist is returned to when its list moves on`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let station = try ScriptedStation()
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([
      CaptureTests.definition([station.url("live.m3u8"), server.url("live")])
    ])
    pool.want([.radio])
    try await eventually("the second address", within: .seconds(90)) {
      Self.captured(studio) == 1
    }
    // It answers, but with what was on the air before it went down.
    let date = HLSCaptureTests.date(of: 0..<4)
    station.offer(0..<4, date: date)
    let asked = station.asked.count
    try await eventually("the list is looked at", within: .seconds(90)) {
      station.asked.count >= asked + 5
    }
    #expect(Self.captured(studio) == 1)
    // A list that moves on by itself, of segments that are not there.
    for number in 4..<2000 { station.set("s\(number).aac", .status(404)) }
    let broadcast = Task {
      while !Task.isCancelled {
        let begun = Instant(date).map { SystemTimeSource().now() - $0 } ?? .zero
        let end = Int(begun.inSeconds)
        station.offer(end - 4..<end, date: date)
        // The station's own pace: its list moves on twice a second.
        try await Task.sleep(for: .milliseconds(500))
      }
    }
    try await eventually("its newest segment is asked for twice", within: .seconds(90)) {
      station.asked.count { $0.hasPrefix("s") } >= 2
    }
    let seen = SystemTimeSource().now()
    try await eventually("the second address is captured still", within: .seconds(60)) {
      let sound = try await studio.segments(.radio).last { $0.media == nil }
      return (sound?.start ?? .epoch) > seen
    }
    for number in 4..<2000 {
      station.set("s\(number).aac", .bytes(ScriptedStation.packedSegment(number)))
    }
    try await eventually("the first address", within: .seconds(90)) {
      let count = try await studio.segments(.radio).count { $0.media != nil }
      return Self.captured(studio) == 0 && count > 3
    }
    await pool.stop()
    broadcast.cancel()
    source.stop()
    let report = try await studio.report(.radio, of: frames)
    #expect(report.missing.isEmpty && report.duplicates.isEmpty && report.corrupt == 0, "\(report)")
    // One after the other, and without a hole that nobody explains.
    let segments = try await studio.segments(.radio)
    let first = segments.firstIndex { $0.media != nil } ?? 0
    #expect(segments[..<first].allSatisfy { $0.media == nil })
    #expect(segments[first...].allSatisfy { $0.media != nil })
  }

  @Test func `A loop is left for an address that brings something else`() async throws {
    let standby = NumberedFrames(tag: 9)
    let looping = try PacedServer(standby, looping: 150) { _, _ in (from: -60, pace: 1) }
    let frames = NumberedFrames()
    let good = try PacedServer(frames) { _, seconds in (from: seconds - 40, pace: 1) }
    let studio = try Studio()
    let pool = Self.pool(studio)
    await pool.define([CaptureTests.definition([looping.url, good.url])])
    pool.want([.radio])
    try await eventually("the second address", within: .seconds(90)) { Self.captured(studio) == 1 }
    try await Self.more(studio)
    await pool.stop()
    let report = try await studio.report(.radio, of: frames)
    #expect(report.missing.isEmpty && report.duplicates.isEmpty && report.numbers.count > 50)
  }
}
