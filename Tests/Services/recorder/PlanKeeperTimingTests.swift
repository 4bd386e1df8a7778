import Base
import Glibc
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// That an instant is met whatever else the recorder has to do.
struct PlanKeeperTimingTests {
  @Test func `Windows open at their instants while the disk takes its time`() async throws {
    let studio = try Studio()
    let running = PlanKeeperTests.start(studio)
    let now = studio.time.now()
    let first = plan("first", from: now + .seconds(2), to: now + .seconds(60), name: "First")
    let second = plan("second", from: now + .seconds(3), to: now + .seconds(60), name: "Second")
    try await PlanKeeperTests.give(
      studio, running.keeper, version: 1, url: "http://127.0.0.1:1/", [first, second])
    try await eventually("the plan is known") {
      await running.keeper.counts()[.planned] == 2
    }
    let (time, end) = (studio.time, second.paddedStart + .seconds(2))
    try await studio.database.write { _ in
      while time.now() < end { usleep(10_000) }
    }
    let started = try await eventually("both have begun") {
      let started = try await studio.said(RecordingStarted.self)
      return started.count == 2 ? started : nil
    }
    await running.stop()
    #expect(started.map(\.job) == [first.job, second.job])
    for (event, plan) in zip(started, [first, second]) {
      let lateness = event.at - plan.paddedStart
      // Far above what is measured, since all tests share two cores, and far below the disk's.
      #expect(lateness >= .zero && lateness < .seconds(1), "\(plan.job) was \(lateness) late")
    }
  }
}
