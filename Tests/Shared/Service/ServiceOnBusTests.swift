import Base
import Bus
import Configuration
import FoundationEssentials
import Messages
import Service
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("A service on the bus")
struct ServiceOnBusTests {
  @Test("says heartbeats and answers control commands")
  func heartbeats() async throws {
    let folder = try TemporaryFolder()
    let service = try await RunningService.start("airloom-feeder", in: folder, node: "feeder")
    let heard = Ear()
    var handlers = BusHandlers()
    handlers.onTelemetry(Heartbeat.self) { beat, _ in heard.beats.withLock { $0.append(beat) } }
    handlers.onTelemetry(ControlReply.self) { reply, _ in
      heard.replies.withLock { $0.append(reply) }
    }
    let node = NodeID(unchecked: "gateway")
    let database = try Database(path: folder("gateway.sqlite"), schemas: [BusSchema.schema])
    let bus = try await BusNode(
      settings: TransportSettings(
        node: node, peers: [service.node: Endpoints.ipc(of: service.node, in: service.home.bus)]),
      database: database, outbox: Outbox(), handlers: handlers, log: .silent)
    let running = Task { try await bus.run() }
    defer { running.cancel() }

    let beat = try await eventually("a heartbeat") { heard.beats.withLock { $0.last } }
    #expect(beat.node == service.node)
    #expect(beat.service == "feeder")
    #expect(beat.state == .running)
    #expect(beat.http?.hasPrefix("127.0.0.1:") == true)

    let request = ControlRequest(id: .random(), command: .pause)
    bus.report(request, to: service.node)
    let reply = try await eventually("an answer") { heard.replies.withLock { $0.first } }
    #expect(reply.id == request.id)
    #expect(reply.body == #"{"node":"feeder","state":"paused"}"#)
    try await eventually("a heartbeat says paused") {
      heard.beats.withLock { $0.last?.state == .paused }
    }
    let last = heard.beats.withLock { $0.last?.progress } ?? 0
    try await eventually("progress moves") {
      heard.beats.withLock { ($0.last?.progress ?? 0) > last }
    }
  }
}

private final class Ear: Sendable {
  let beats = Mutex<[Heartbeat]>([])
  let replies = Mutex<[ControlReply]>([])
}
