import Base
import Dispatch
import Messages
import Storage
import TestSupport
import Testing

@testable import airloom_recorder

/// That an instant is met whatever else the recorder has to do.
struct PlanKeeperTimingTests {
  /// By a clock that stands still until the test moves it on, so that every instant is exact, and a disk
  /// that takes as long as the test wants.
  @Test func `Windows open at their instants while the disk takes its time`() async throws {
    let time = ManualTimeSource()
    let studio = try Studio(time: time)
    let running = PlanKeeperTests.start(studio)
    let now = time.now()
    let first = plan("first", from: now + .seconds(2), to: now + .seconds(60), name: "First")
    let second = plan("second", from: now + .seconds(3), to: now + .seconds(60), name: "Second")
    try await PlanKeeperTests.give(
      studio, running.keeper, version: 1, url: "http://127.0.0.1:1/", [first, second])
    try await eventually("the plan is known") {
      await running.keeper.counts()[.planned] == 2
    }
    let (isHeld, disk) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let writing = Task {
      try await studio.database.write { _ in
        isHeld.signal()
        disk.wait()
      }
    }
    await onOwnThread { isHeld.wait() }
    var opened: [JobID: Instant] = [:]
    for plan in [first, second] {
      time.advance(by: plan.paddedStart - time.now() + .milliseconds(1))
      running.keeper.planChanged()
      opened[plan.job] = time.now()
      try await eventually("\(plan.job) is open while the disk is busy") {
        await running.keeper.opening == opened
      }
    }
    time.advance(by: .seconds(2))
    disk.signal()
    try await writing.value
    let started = try await eventually("both are told") {
      let started = try await studio.said(RecordingStarted.self)
      return started.count == 2 ? started : nil
    }
    await running.stop()
    #expect(started.map(\.job) == [first.job, second.job])
    #expect(started.map(\.at) == [first, second].map { $0.paddedStart + .milliseconds(1) })
    #expect(studio.lateness == [.milliseconds(1), .milliseconds(1)])
  }
}
