import Base
import Glibc
import Media
import Messages
import Subprocess
import TestSupport
import Testing

@testable import airloom_recorder

/// Captures of a real Icecast, with frames that carry their number.
struct CaptureTests {
  static func source(
    _ server: IcecastServer, _ frames: NumberedFrames, mount: String = "live", first: UInt64 = 0
  ) async throws -> NumberedIcecastSource {
    let source = NumberedIcecastSource(
      frames: frames, port: server.port, mount: "/" + mount, password: server.password,
      first: first)
    try source.start()
    try await eventually("frames flow") { source.log.count > 5 }
    return source
  }

  static func definition(_ urls: [String]) -> StreamDefinition {
    StreamDefinition(id: .radio, name: "Radio", urls: urls)
  }

  /// The ledger explains everything, and says that as much is missing as is missing in truth: to one
  /// frame, and the time to make the connection at the beginning.
  static func checkLedger(
    _ studio: Studio, missing: Duration = .zero, of frames: NumberedFrames,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let account = try await studio.account(.radio)
    #expect(account.unexplained.isEmpty, sourceLocation: sourceLocation)
    #expect(account.captured + account.missing == account.wanted, sourceLocation: sourceLocation)
    let told = account.spans.compactMap(\.gap).reduce(Duration.zero) { sum, gap in
      gap.start == account.spans.first?.start ? sum : sum + (gap.end - gap.start)
    }
    let error = told - missing
    #expect(
      error <= frames.frameDuration && error >= .zero - frames.frameDuration,
      "\(told) told for \(missing): \(account.spans)", sourceLocation: sourceLocation)
    let audit = try await TapeAuditorTests.audit(studio)
    #expect(audit.differences.isEmpty, "\(audit.text)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    NumberedFrames.Kind.mp3(kilobits: 128, sampleRate: 44_100),
    .adts(payload: 200, sampleRate: 44_100),
  ])
  func `Every frame of a stream lands on the tape once, labelled by when it was sent`(
    _ kind: NumberedFrames.Kind
  ) async throws {
    let frames = NumberedFrames(kind)
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([Self.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("three segments") { try await studio.segments(.radio).count >= 3 }
    await pool.stop()
    source.stop()
    let report = try await studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
    try await Self.checkLedger(studio, of: frames)

    // Frame n was on air until it was sent, where the source kept its pace; on a busy machine some go
    // out late.
    let begun = try #require(
      source.log.map { $0.at - frames.start(ofFrame: $0.number + 1) }.min())
    var position = 0
    for segment in try await studio.segments(.radio) {
      let number = report.numbers[position]
      let error = segment.start - (begun + frames.start(ofFrame: number))
      #expect(
        error > .milliseconds(-60) && error < .milliseconds(120), "frame \(number): \(error)")
      position += Int(segment.run?.frames ?? 0)
    }
    #expect(position == report.numbers.count)
    let status = try #require(studio.told.first { $0.state == .capturing })
    #expect(status.codec == (frames.contentType == "audio/mpeg" ? "mp3" : "aac"))
  }

  @Test func `After a restart the tape goes on where it ended`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let first = try Studio()
    var pool: CapturePool? = CapturePool(first.environment())
    await pool?.define([Self.definition([server.url("live")])])
    pool?.want([.radio])
    try await eventually("a segment") { try await first.segments(.radio).count >= 1 }
    await pool?.stop()
    pool = nil

    let second = try await Studio(copyOf: first)
    let report = try await TapeReconciler(root: second.tapeRoot).run(
      second.database, log: .silent)
    #expect(report == TapeReconciler.Report())
    let newPool = CapturePool(second.environment())
    await newPool.define([Self.definition([server.url("live")])])
    newPool.want([.radio])
    try await eventually("the tape went on") {
      try await second.segments(.radio).contains { $0.splice == .exact }
    }
    await newPool.stop()
    source.stop()
    let all = try await second.report(.radio, of: frames)
    #expect(all.isSeamless, "\(all)")
  }

  @Test func `A tone goes on after a pause under the label of when it came`() async throws {
    let server = try await IcecastServer.start()
    let source = try await ToneSource.start(.mp3, to: server, mount: "live")
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([Self.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("three seconds of tape") {
      try await studio.segments(.radio).count >= 3
    }
    pool.want([])
    let paused = studio.time.now()
    try await eventually("longer than the burst has passed") {
      studio.time.now() - paused > .seconds(7)
    }
    pool.want([.radio])
    let count = try await studio.segments(.radio).count
    try await eventually("the tape goes on") {
      try await studio.segments(.radio).count > count + 3
    }
    await pool.stop()
    let stopped = studio.time.now()
    await source.stop()
    let segments = try await studio.segments(.radio)
    #expect(segments.contains { $0.splice == .afterGap && $0.sequence > 0 })
    let lag = stopped - (segments.last?.end ?? .epoch)
    #expect(lag > .seconds(-1) && lag < .seconds(2), "the newest sound is labelled \(lag) ago")
  }

  @Test func `A server that hangs for seven seconds costs nothing`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await Self.source(server, frames)
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([Self.definition([server.url("live")])])
    pool.want([.radio])
    try await eventually("two segments") { try await studio.segments(.radio).count >= 2 }
    // By hand: `signal` wakes a stopped child.
    kill(server.child.pid, SIGSTOP)
    // Longer than the burst of four seconds: a new connection alone would lose the rest.
    try await source.send(more: .seconds(7))
    kill(server.child.pid, SIGCONT)
    let count = try await studio.segments(.radio).count
    try await eventually("the tape goes on") {
      try await studio.segments(.radio).count > count + 9
    }
    await pool.stop()
    source.stop()
    #expect(
      studio.told.contains { $0.state == .stalled },
      "\(studio.told.map { "\($0.since) \($0.state) \($0.reason ?? "")" }) \(source.log.count) \(String(describing: source.failure))"
    )
    let report = try await studio.report(.radio, of: frames)
    #expect(report.isSeamless, "\(report)")
    try await Self.checkLedger(studio, of: frames)
  }

  @Test func `A source that is not there is waited for, and the ledger says why`() async throws {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([Self.definition([server.url("live")])])
    let wanted = studio.time.now()
    pool.want([.radio])
    try await eventually("the refusal is told") {
      studio.told.contains { $0.state == .waiting }
    }
    let status = try #require(studio.told.first { $0.state == .waiting })
    #expect(status.reason?.contains("404") ?? false, "\(status)")
    let source = try await Self.source(server, frames)
    try await eventually("a segment") { try await studio.segments(.radio).count >= 1 }
    await pool.stop()
    source.stop()
    let first = try #require(try await studio.segments(.radio).first)
    let gaps = try await studio.gaps(.radio)
    #expect(gaps.allSatisfy { $0.cause == .sourceRefused }, "\(gaps)")
    // From wanting it to the first sample there is nothing else.
    #expect(gaps.first.map { $0.start - wanted < .seconds(1) } ?? false)
    #expect(gaps.last?.end == first.start)
    for (left, right) in zip(gaps, gaps.dropFirst()) { #expect(left.end == right.start) }
  }

  @Test func `A web page in place of a stream is told in one sentence`() async throws {
    let server = try await IcecastServer.start()
    let studio = try Studio()
    let pool = CapturePool(studio.environment())
    await pool.define([Self.definition([server.url("status.xsl")])])
    pool.want([.radio])
    try await eventually("the page is refused") {
      studio.told.contains { $0.reason?.contains("web page") ?? false }
    }
    await pool.stop()
  }
}
