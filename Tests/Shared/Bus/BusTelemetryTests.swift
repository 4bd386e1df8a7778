import Base
import Messages
import Storage
import TestSupport
import Testing

@testable import Bus

/// Telemetry, false senders, and what a node believes of others.
@Suite struct BusTelemetryTests {
  private let folder: TemporaryFolder
  private let network = MemoryNetwork()

  init() throws { folder = try TemporaryFolder() }

  private func station(_ settings: Station.Settings) async throws -> Station {
    try await Station(settings, path: folder("\(settings.node).sqlite"), network: network)
  }

  @Test("A worker's telemetry reaches the hub and, by it, all who follow the hub, once")
  func relay() async throws {
    let hub = try await station(BusNodeTests.hub)
    let worker = try await station(BusNodeTests.worker)
    let follower = try await station(BusNodeTests.follower)
    try await eventually("the worker is heard by all") {
      worker.bus.report(Pulse(number: 0))
      return !hub.pulses.list.isEmpty && !follower.pulses.list.isEmpty
    }
    worker.bus.report(Pulse(number: 1))
    worker.bus.report(Pulse(number: 2), to: .follower)
    worker.bus.report(Pulse(number: 3), to: .hub)
    hub.bus.report(Pulse(number: 4))
    hub.bus.report(Pulse(number: 5), to: .worker)
    follower.bus.report(Pulse(number: 6), to: .worker)
    try await eventually("all have come") {
      worker.pulses.list.count >= 3 && hub.pulses.list.contains("worker-1 3")
        && follower.pulses.list.contains("hub 4")
    }
    func after(_ station: Station) -> [String] {
      station.pulses.list.filter { $0 != "worker-1 0" }.sorted()
    }
    #expect(after(hub) == ["worker-1 1", "worker-1 3"])
    #expect(after(follower) == ["hub 4", "worker-1 1", "worker-1 2"])
    #expect(after(worker) == ["follower 6", "hub 4", "hub 5"])
  }

  private func telemetry(origin: NodeID, from: NodeID) -> [[UInt8]] {
    PacketCoding.encode(
      TelemetryPacket(
        origin: origin, to: nil, type: Pulse.type, sentAt: .epoch,
        body: Array(#"{"number":9}"#.utf8)), from: from)
  }

  @Test("A packet that claims a false sender is counted and changes nothing")
  func forged() async throws {
    let hub = try await station(BusNodeTests.hub)
    let follower = try await station(BusNodeTests.follower)
    try await eventually("they are up") {
      hub.bus.report(Pulse(number: 1))
      return !follower.pulses.list.isEmpty
    }
    let entry = LogEntryRecord(
      sequence: 1, id: .random(), type: Note.type, correlation: nil, createdAt: .epoch,
      body: Array(#"{"number":1,"text":""}"#.utf8))
    let run = PacketCoding.encode(
      .entries(
        EntryRun(
          incarnation: Incarnation(unchecked: "i"), channel: .node(.hub), previous: 0,
          entries: [entry])), from: .worker)
    // The connection proved to be worker-2's; the packets say worker-1.
    network.inject(run, to: .hub, from: .inbox(authenticated: .other))
    network.inject(
      telemetry(origin: .worker, from: .worker), to: .hub, from: .inbox(authenticated: .other))
    // The right sender, who says that another said it.
    network.inject(
      telemetry(origin: .worker, from: .other), to: .hub, from: .inbox(authenticated: .other))
    // Someone's outbox that speaks for another, one that says it is us, and no packet at all.
    network.inject(
      telemetry(origin: .worker, from: .worker), to: .follower, from: .outbox(of: .hub))
    network.inject(
      telemetry(origin: .hub, from: .hub), to: .hub, from: .inbox(authenticated: nil))
    network.inject([[1, 2, 3]], to: .hub, from: .inbox(authenticated: nil))
    try await eventually("all are counted") {
      let atHub = await hub.bus.status().refusedPackets
      let atFollower = await follower.bus.status().refusedPackets
      return atHub == 5 && atFollower == 1
    }
    #expect(!hub.pulses.list.contains { $0.hasSuffix(" 9") })
    #expect(!follower.pulses.list.contains { $0.hasSuffix(" 9") })
    #expect(await hub.bus.status().applied == 0)
  }

  @Test("A consumer that claims a place beyond the head is not believed, and loses nothing by it")
  func beyondTheHead() async throws {
    let hub = try await station(BusNodeTests.hub)
    try await hub.send(0..<3, to: .worker)
    let incarnation = try await hub.database.write { try MessageLog.incarnation($0) }
    let greeting = Greeting(
      incarnation: Incarnation(unchecked: "w"), wantsReply: false, follows: false,
      positions: [.node(.worker): Position(incarnation: incarnation, cursor: 999)], extents: [:])
    let acknowledgement = Packet.acknowledgement(
      channel: .node(.worker), position: Position(incarnation: incarnation, cursor: 999))
    for packet in [.greeting(greeting), acknowledgement] {
      network.inject(
        PacketCoding.encode(packet, from: .worker), to: .hub, from: .inbox(authenticated: nil))
    }
    try await eventually("the packets were read") {
      await hub.bus.status().peers.contains { $0.node == .worker }
    }
    await hub.bus.prune()
    #expect(try await hub.database.read { try $0.count("bus_log") } == 3)
    let worker = try await station(BusNodeTests.worker)
    try await worker.waitFor([0, 1, 2], from: .hub)
  }

  @Test("A consumer that has gone back is believed before the log is pruned")
  func goneBack() async throws {
    let hub = try await station(BusNodeTests.hub)
    do {
      let worker = try await station(BusNodeTests.worker)
      try await hub.send(0..<6, to: .worker)
      try await worker.waitFor(Array(0..<6), from: .hub)
      await worker.stop()
    }
    try await eventually("all is acknowledged") {
      await hub.bus.saveAcknowledgements()
      return await hub.bus.status().unacknowledged == 0
    }
    // Its database was put back from a copy: it stands at 2 again.
    let incarnation = try await hub.database.write { try MessageLog.incarnation($0) }
    let again = Packet.again(
      channel: .node(.worker), position: Position(incarnation: incarnation, cursor: 2))
    await hub.bus.receive(
      PacketCoding.encode(again, from: .worker), from: .inbox(authenticated: nil))
    await hub.bus.prune()
    let left = try await hub.database.read { transaction in
      try transaction.numbers("SELECT sequence FROM bus_log ORDER BY 1")
    }
    #expect(left == [3, 4, 5, 6])
  }
}
