import Base
import Glibc
import Media
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// Files that are made again, and files that are made only when they are asked for, against a real
/// Icecast.
struct PlanKeeperRemakeTests {
  @Test func `A later end makes the file again, and the earlier one stays until it is settled`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await PlanKeeperTests.source(server, frames)
    let studio = try Studio()
    let running = PlanKeeperTests.start(studio)
    let desk = PlanDesk(
      keeper: running.keeper, finisher: studio.finisher(), outbox: studio.outbox,
      scheduler: Studio.scheduler, time: studio.time)
    let url = server.url("live")
    func give(_ version: Int64, _ plans: [RecordingPlan]) async throws {
      let set = DesiredSet(
        version: version, streams: [StreamDefinition(id: .radio, name: "Radio", urls: [url])],
        recordings: plans)
      try await studio.database.write { try desk.take(set, $0) }
    }
    let now = studio.time.now()
    // Another show keeps the stream connected.
    let other = plan("other", from: now + .seconds(2), to: now + .seconds(60), name: "Other")
    let first = plan("show", from: now + .seconds(2), to: now + .seconds(5), name: "Show")
    try await give(1, [other, first])
    let made = try await eventually("the file is there", within: .seconds(60)) {
      try await studio.said(RecordingFinished.self).first
    }
    try await studio.database.write {
      try desk.take(RecordingSettled(job: first.job, token: 1, isCanonical: true), $0)
    }

    // Two seconds more, of which the tape has all.
    let longer = plan(
      "show", from: first.paddedStart, to: first.paddedEnd + .seconds(2), name: "Show", token: 2)
    try await give(2, [other, longer])
    let again = try await eventually("it is made again", within: .seconds(60)) {
      try await studio.said(RecordingFinished.self).first { $0.token == 2 }
    }
    #expect(again.file.path != made.file.path)
    #expect(abs(again.file.durationUs - made.file.durationUs - 2_000_000) < 60_000)
    #expect(again.file.gaps == [])
    let report = try NumberedReport(fileAt: again.file.path, of: frames)
    #expect(report.isSeamless, "\(report)")
    #expect(access(made.file.path, F_OK) == 0, "nobody has said that the new one counts")

    try await studio.database.write {
      try desk.take(RecordingSettled(job: first.job, token: 2, isCanonical: true), $0)
    }
    try await eventually("the earlier one is set aside") { access(made.file.path, F_OK) != 0 }
    let folder = made.file.path.split(separator: "/").dropLast().joined(separator: "/")
    #expect(
      TemporaryFolder.names(in: "/\(folder)/.superseded").contains { $0.hasSuffix(made.file.name) })
    #expect(access(again.file.path, F_OK) == 0)
    await running.stop()
    source.stop()
  }

  @Test func `A spare recording is captured, says nothing, and is made when it is asked for`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await PlanKeeperTests.source(server, frames)
    let studio = try Studio()
    let running = PlanKeeperTests.start(studio)
    let now = studio.time.now()
    var spare = plan("show", from: now + .seconds(2), to: now + .seconds(5))
    spare.isSpare = true
    try await PlanKeeperTests.give(
      studio, running.keeper, version: 1, url: server.url("live"), [spare])
    try await eventually("the tape has it", within: .seconds(60)) {
      try await studio.segments(.radio).contains { $0.end >= spare.paddedEnd }
    }
    #expect(try await studio.said(RecordingStarted.self).isEmpty)
    #expect(try await studio.said(RecordingFinishing.self).isEmpty)

    var asked = spare
    asked.isSpare = nil
    asked.token = 2
    try await PlanKeeperTests.give(
      studio, running.keeper, version: 2, url: server.url("live"), [asked])
    let made = try await eventually("the file is there", within: .seconds(60)) {
      try await studio.said(RecordingFinished.self).first
    }
    #expect(made.token == 2 && made.file.gaps == [])
    let report = try NumberedReport(fileAt: made.file.path, of: frames)
    #expect(report.isSeamless, "\(report)")
    await running.stop()
    source.stop()
  }
}
