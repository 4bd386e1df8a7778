import Base
import Testing

@testable import Bus

/// Single steps of the protocol that the simulator's weather rarely brings about.
@Suite struct BusCoreTests {
  private let life = Incarnation(unchecked: "life")
  private let events = Subscription(consumer: .follower, channel: .followers)
  private let orders = Subscription(consumer: .worker, channel: .node(.worker))

  private func at(_ seconds: Int64) -> Monotonic {
    Monotonic(nanoseconds: seconds * 1_000_000_000)
  }

  private func core() -> BusCore {
    BusCore(
      node: .hub, incarnation: life, peers: [:],
      extents: [
        .followers: Extent(pruned: 2, head: 10), .node(.worker): Extent(pruned: 0, head: 9),
      ],
      acknowledged: [events: 5, orders: 4], intakes: [:], seed: 1)
  }

  @Test("A follower behind the pruned line is sent nothing until it says where it stands")
  func forgottenFollower() {
    var core = core()
    #expect(core.tick(now: at(0)).isEmpty)
    _ = core.transmitted(events, through: 10, now: at(0))
    core.pruned(.followers, through: 10)
    let outputs = core.tick(now: at(60)) + core.appended(to: .followers, head: 11)
    #expect(outputs.isEmpty, "the hole between 5 and 10 would not be seen")
    let again = Packet.again(
      channel: .followers, position: Position(incarnation: life, cursor: 10))
    #expect(
      core.receive(again, from: .follower, now: at(61)).contains(.transmit(events, after: 10)))
  }

  @Test("A greeting with a place that this log never reached starts at the pruned line")
  func beyondTheHead() {
    var core = core()
    let greeting = Greeting(
      incarnation: Incarnation(unchecked: "w"), wantsReply: false, follows: false,
      positions: [.node(.worker): Position(incarnation: life, cursor: 10)], extents: [:])
    let outputs = core.receive(.greeting(greeting), from: .worker, now: at(0))
    #expect(outputs.contains(.transmit(orders, after: 0)))
    #expect(!outputs.contains(.remember(orders, acknowledged: 10)))
  }

  @Test("An acknowledgement that overtakes the news of the append is not refused")
  func earlyAcknowledgement() {
    var core = core()
    // The run was read after a commit whose `appended` is still waiting.
    _ = core.transmitted(orders, through: 12, now: at(0))
    let acknowledgement = Packet.acknowledgement(
      channel: .node(.worker), position: Position(incarnation: life, cursor: 12))
    let outputs = core.receive(acknowledgement, from: .worker, now: at(0))
    #expect(outputs == [.remember(orders, acknowledged: 12)])
    // The news itself then sends nothing twice.
    #expect(core.appended(to: .node(.worker), head: 11).isEmpty)
  }

  @Test("A hundred packets that cannot be placed are answered by one greeting each half second")
  func strangers() {
    var core = core()
    let source = Source(producer: .worker, channel: .node(.hub))
    func greetings(_ now: Monotonic) -> Int {
      (0..<100).reduce(0) { sum, _ in sum + core.unapplied(source, .stranger, now: now).count }
    }
    #expect(greetings(at(100)) == 1)
    #expect(greetings(at(100) + .milliseconds(499)) == 0)
    #expect(greetings(at(100) + .milliseconds(500)) == 1)
  }
}
