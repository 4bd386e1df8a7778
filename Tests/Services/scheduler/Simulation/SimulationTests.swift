import Base
import Messages
import TestSupport
import Testing

@testable import airloom_scheduler

/// I1, I2 and I5 of docs/protocol.md, and that nothing is cut short for the sake of something else,
/// with the real scheduler: priorities, a limit, doubled streams, spans kept and ends moved, under
/// random deaths and a network that comes and goes.
@Suite(.serialized) struct SimulationTests {
  static let seeds = Campaign.pick(short: Array(UInt64(1)...4), long: Array(UInt64(1)...60))

  @Test("What is promised holds, whoever dies", arguments: seeds)
  func promisesHold(seed: UInt64) async throws {
    let world = try await SchedulingWorld(seed: seed)
    for _ in 0..<Campaign.pick(short: 250, long: 1500) where world.violations.isEmpty {
      try await world.step()
    }
    try await world.heal()
    #expect(world.violations == [], "seed \(seed)")
    // A world in which nothing happens proves nothing.
    let all = try await world.bench.recordings().map(\.recording)
    #expect(world.deaths > 3 && world.kept > 2)
    #expect(all.count { $0.state == .committed } > 15)
    #expect(world.canonical.values.contains { $0.count > 1 }, "no end was moved afterwards")
    let deliveries = try await world.bench.said(Deliver.self).map(\.message.delivery)
    #expect(Set(deliveries).count == deliveries.count)
  }

  @Test("Of doubled streams a smaller share of recordings lacks something than of single ones")
  func doublingHelps() async throws {
    var lossy = (doubled: 0, single: 0)
    var all = (doubled: 0, single: 0)
    for seed in Campaign.pick(short: UInt64(1)...2, long: UInt64(1)...20) {
      let world = try await SchedulingWorld(seed: seed)
      for _ in 0..<250 { try await world.step() }
      try await world.heal()
      for recording in try await world.bench.recordings().map(\.recording)
      where recording.state == .committed && recording.schedule != RecordingBook.byHand
        && !world.moved.contains(recording.id)
      {
        let isLossy = recording.file?.lossUs ?? 0 > 0
        if SchedulingWorld.doubled.contains(recording.stream) {
          all.doubled += 1
          lossy.doubled += isLossy ? 1 : 0
        } else {
          all.single += 1
          lossy.single += isLossy ? 1 : 0
        }
      }
    }
    print("with loss: \(lossy.doubled) of \(all.doubled) doubled, \(lossy.single) of \(all.single)")
    #expect(all.doubled > 5 && all.single > 10)
    #expect(
      Double(lossy.doubled) / Double(all.doubled) < Double(lossy.single) / Double(all.single))
  }
}
