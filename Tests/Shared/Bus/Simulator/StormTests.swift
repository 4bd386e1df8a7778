import Base
import Testing

@testable import Bus

/// What a packet can cause must be bounded, or two nodes keep each other busy for ever.
@Suite struct StormTests {
  private let scheduler = NodeID(unchecked: "scheduler")
  private let recorder = NodeID(unchecked: "recorder-1")

  private func core(of node: NodeID) -> BusCore {
    BusCore(
      node: node, incarnation: Incarnation(unchecked: "life-of-\(node)"), peers: [:],
      extents: [:], acknowledged: [:], intakes: [:], seed: 1)
  }

  @Test("A hundred runs of an unknown sender ask for one greeting, not for a hundred")
  func strangersAreGreetedOnce() {
    var core = core(of: scheduler)
    let source = Source(producer: recorder, channel: .node(scheduler))
    var greetings = 0
    for millisecond in 0..<100 {
      let now = Monotonic(nanoseconds: Int64(millisecond) * 1_000_000)
      greetings += core.unapplied(source, .stranger, now: now).count
    }
    #expect(greetings == 1)
    let again = Monotonic(nanoseconds: 0) + BusCore.strangerInterval
    let later = core.unapplied(source, .stranger, now: again)
    #expect(later.count == 1)
  }

  @Test("A repeated acknowledgement sends nothing")
  func repeatedAcknowledgementsAreQuiet() {
    var core = core(of: recorder)
    let channel = Channel.node(scheduler)
    let now = Monotonic(nanoseconds: 0)
    _ = core.appended(to: channel, head: 10)
    let subscription = Subscription(consumer: scheduler, channel: channel)
    _ = core.transmitted(subscription, through: 10, now: now)
    let position = Position(incarnation: core.incarnation, cursor: 10)
    let packet = Packet.acknowledgement(channel: channel, position: position)
    #expect(core.receive(packet, from: scheduler, now: now).count == 1)
    for _ in 0..<10 {
      #expect(core.receive(packet, from: scheduler, now: now).isEmpty)
    }
  }
}
