import Base
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("A delivery service that dies")
struct DeliveryCrashTests {
  @Test(
    "in any state of a delivery delivers the file once, and resumes",
    arguments: [DeliveryState.queued, .sending, .verifying, .delivered])
  func crashIn(state: DeliveryState) async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(
      to: bench.server.port, fault: state == .sending ? .stallAfterSent(3_000_000) : .none)
    try await bench.put(bench.destination(port: proxy.port))
    let bytes = RemoteSite.content(6_000_000)
    if state == .queued { bench.service.signals.setPaused(true) }
    let id = try await bench.deliver(bytes)
    try await eventually("it was \(state)") {
      try await bench.said(DeliveryChanged.self).contains { $0.delivery.state == state }
        && (state != .sending || proxy.bytesSent >= 3_000_000)
    }
    try await bench.crash()
    proxy.set(.none)
    try await bench.until(id, is: .delivered)
    #expect(bench.names == ["show.mp3"])
    #expect(try bench.remote("show.mp3") == bytes)
  }

  @Test("again and again in the middle sets the delivery aside, and a person can retry it")
  func poison() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .stallAfterSent(0))
    try await bench.put(bench.destination(port: proxy.port))
    let id = try await bench.deliver([1, 2, 3])
    for attempt in 1...3 {
      try await eventually("try \(attempt) is under way") {
        let standing = try await bench.row(id).standing
        return standing.attempts == attempt && proxy.connections >= attempt
      }
      try await bench.crash()
    }
    let row = try await bench.until(id, is: .dead)
    #expect(row.standing.attempts == 3)
    #expect(row.standing.kind == .poison)
    proxy.set(.none)
    #expect(try await bench.command(RetryDelivery(delivery: id)).refusal == nil)
    try await bench.until(id, is: .delivered)
  }

  @Test("in good order stops its uploads, holds nothing against them, and goes on next time")
  func orderlyStop() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .stallAfterSent(500_000))
    try await bench.put(bench.destination(port: proxy.port))
    let bytes = RemoteSite.content(2_000_000)
    let id = try await bench.deliver(bytes)
    try await eventually("it is on its way") { proxy.bytesSent >= 500_000 }
    bench.service.signals.setPaused(true)
    try await bench.restart()
    proxy.set(.none)
    let row = try await bench.until(id, is: .delivered)
    #expect(row.standing.attempts == 2)
    let states = try await bench.said(DeliveryChanged.self).map(\.delivery.state)
    #expect(states.prefix(3) == [.queued, .sending, .queued])
    #expect(try bench.remote("show.mp3") == bytes)
  }
}
