public import Base
public import Bus
internal import Configuration
public import Messages
internal import Metrics
public import Storage
internal import Synchronization

/// A service's place on the bus as one of its components: runs the node, says a heartbeat each
/// second, answers control commands that come over the bus, and shows how the bus is.
public final class BusComponent: ServiceComponent {
  public let name = "bus"
  public let node: BusNode
  private let host: ServiceHost
  private let recorder: (@Sendable () async -> RecorderLoad)?

  fileprivate init(
    _ node: BusNode, _ host: ServiceHost, recorder: (@Sendable () async -> RecorderLoad)?
  ) {
    self.node = node
    self.host = host
    self.recorder = recorder
  }

  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.node.run() }
      group.addTask { await self.beat() }
      // Whichever ends first: the node by a fault, or both because they were cancelled.
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func beat() async {
    let loop = host.progress.register("bus")
    defer { host.progress.retire(loop) }
    let gauges = Gauges(host)
    let beganAt = SystemTimeSource().monotonic()
    while !Task.isCancelled {
      // Asks the node on its thread: a heartbeat is proof that the thread works.
      let status = await node.status()
      loop.step()
      gauges.show(status)
      let isStarting = SystemTimeSource().monotonic() - beganAt < .seconds(10)
      judge(status, isStarting: isStarting)
      node.report(host.desk.heartbeat(recorder: await recorder?()))
      try? await Task.sleep(for: .seconds(1))
    }
  }

  private func judge(_ status: BusStatus, isStarting: Bool) {
    let away = isStarting ? [] : status.peers.filter { $0.isDialled && !$0.isConnected }
    if let fault = status.fault {
      host.health.failed("bus", "messages cannot be applied: \(fault)")
    } else if let refused = status.peers.first(where: { $0.fault != nil }), let why = refused.fault
    {
      host.health.degraded("bus", "\(refused.node) was refused: \(why)")
    } else if !away.isEmpty {
      let names = away.map(\.node.text).joined(separator: ", ")
      host.health.degraded("bus", "\(names) cannot be reached; what is meant for it waits here")
    } else if status.setAside > 0 {
      host.health.degraded(
        "bus", "\(status.setAside) messages could not be applied and were set aside")
    } else {
      host.health.ok("bus")
    }
  }

  private struct Gauges {
    private let unacknowledged: Gauge
    private let applied: Gauge
    private let setAside: Gauge
    private let refused: Gauge

    init(_ host: ServiceHost) {
      unacknowledged = host.metrics.gauge(
        "airloom_bus_unacknowledged", help: "Entries that a peer has not acknowledged yet.")
      applied = host.metrics.gauge(
        "airloom_bus_applied", help: "Messages applied since the start.")
      setAside = host.metrics.gauge(
        "airloom_bus_set_aside", help: "Messages that could not be applied and were set aside.")
      refused = host.metrics.gauge(
        "airloom_bus_refused_packets", help: "Packets that could not be read or lied.")
    }

    func show(_ status: BusStatus) {
      unacknowledged.set(Double(status.unacknowledged))
      applied.set(Double(status.applied))
      setAside.set(status.setAside)
      refused.set(Double(status.refusedPackets))
    }
  }
}

extension ServiceHost {
  /// Puts the service on the bus of its home. `binds` is for those that others must reach
  /// (scheduler, feeder, delivery), `peers` names those whose inbox and outbox this one uses; the
  /// handlers get the control commands added. `recorder` is asked for each heartbeat.
  public func joinBus(
    database: Database, outbox: Outbox = Outbox(), handlers: BusHandlers = BusHandlers(),
    binds: Bool, peers: [NodeID], recorder: (@Sendable () async -> RecorderLoad)? = nil
  ) async throws -> BusComponent {
    let answering = AnsweringNode()
    var handlers = handlers
    handlers.onTelemetry(ControlRequest.self) { [desk, node] request, heard in
      let body = String(decoding: desk.answer(request.command), as: UTF8.self)
      answering.node?.report(ControlReply(id: request.id, node: node, body: body), to: heard.from)
    }
    let places = BusPlaces(settings: settings.bus, home: home)
    let settings = try places.transport(of: node, service: service, binds: binds, peers: peers)
    let busNode = try await BusNode(
      settings: settings, database: database, outbox: outbox, handlers: handlers,
      log: log.with(("part", "bus")))
    answering.set(busNode)
    return BusComponent(busNode, self, recorder: recorder)
  }
}

/// The node that control commands are answered through, which is made after their handler.
private final class AnsweringNode: Sendable {
  private struct Held {
    weak var node: BusNode?
  }

  private let held = Mutex(Held())

  var node: BusNode? { held.withLock { $0.node } }

  func set(_ node: BusNode) { held.withLock { $0.node = node } }
}
