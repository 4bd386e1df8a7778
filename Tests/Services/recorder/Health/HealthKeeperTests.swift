import Base
import Media
import Messages
import Metrics
import Service
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// What the keeper of health makes of a ledger.
struct HealthKeeperTests {
  private static func keeper(_ studio: Studio, _ pool: CapturePool) -> HealthKeeper {
    let metrics = HealthMetrics(MetricsRegistry())
    return HealthKeeper(
      HealthKeeper.Environment(
        root: studio.tapeRoot, database: studio.database, time: studio.time, captures: pool,
        retention: studio.retention(), ballast: Ballast(in: studio.tapeRoot, size: 0),
        pace: DiskPace(), gate: FinishGate(), metrics: metrics, board: HealthBoard(), log: .silent,
        reserve: 0, warning: .seconds(60)))
  }

  @Test func `A restart makes nothing better: what was lost before lowers the score after`()
    async throws
  {
    let frames = NumberedFrames()
    let server = try await IcecastServer.start()
    let source = try await CaptureTests.source(server, frames)
    let studio = try Studio()
    // Wanted for an hour, of which the middle is missing.
    let now = studio.time.now()
    let gap = Gap(
      start: now - .seconds(1830), end: now - .seconds(1800), cause: .sourceUnreachable,
      detail: "The source was away.")
    try await studio.database.write { transaction in
      try WantedCatalog.open(.radio, at: now - .seconds(3600), transaction)
      try GapCatalog.insert(.radio, gap, transaction)
    }
    let pool = CapturePool(studio.environment())
    await pool.define([CaptureTests.definition([server.url("live")])])
    pool.want([.radio])
    let keeper = Self.keeper(studio, pool)
    let health = try await eventually("it is captured and judged", within: .seconds(60)) {
      await keeper.look()
      let told = studio.told.last
      return told?.state == .capturing ? told?.health : nil
    }
    await pool.stop()
    source.stop()
    #expect(health.reasons.contains { $0.hasSuffix("are missing in the last hour.") }, "\(health)")
    // 30 s of an hour are 0.83 %, 8 points for each.
    #expect((90...94).contains(health.score), "\(health)")
  }
}
