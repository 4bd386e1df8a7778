import Base
import Configuration
import Glibc
import Messages
import Metrics
import Storage
import TestSupport
import Testing

@testable import Bus
@testable import airloom_delivery

@Suite("The delivery service")
struct DeliveryServiceTests {
  @Test("brings a file to its destination and says each step")
  func delivers() async throws {
    let bench = try await DeliveryBench.start()
    try await bench.put(bench.destination())
    let bytes = RemoteSite.content(2_000_000)
    let id = try await bench.deliver(bytes)
    let row = try await bench.until(id, is: .delivered)
    #expect(try bench.remote("show.mp3") == bytes)
    #expect(bench.names == ["show.mp3"])
    #expect(row.standing.attempts == 1)
    #expect(row.standing.remotePath == bench.server.folder + "/show.mp3")
    let states = try await bench.said(DeliveryChanged.self).map(\.delivery.state)
    #expect(states == [.queued, .sending, .verifying, .delivered])
    // Who keeps the tape until then hears of it.
    let told = try await bench.said(DeliveryChanged.self, to: "scheduler")
    #expect(told.map(\.delivery.state) == [.delivered])
    #expect(bench.progress.get().last?.sentBytes == 2_000_000)
    #expect(try await bench.said(DeliveryIdentity.self).count == 1)
  }

  @Test("keeps a log of each delivery that can be read alone, and counts")
  func logAndMetrics() async throws {
    let bench = try await DeliveryBench.start()
    try await bench.put(bench.destination())
    let id = try await bench.deliver(RemoteSite.content(1000))
    try await bench.until(id, is: .delivered)
    let log = String(
      decoding: try DurableFile.read("\(bench.home.deliveryLogs)/\(id).log"), as: UTF8.self)
    #expect(log.contains("try begins"))
    #expect(log.contains("sha256=" + hexadecimal(SHA256.hash(RemoteSite.content(1000)))))
    try await eventually("the metrics show it") {
      bench.metrics.text.contains("airloom_delivery_deliveries{state=\"delivered\"} 1")
        && bench.metrics.text.contains(
          "airloom_delivery_attempts_total{outcome=\"delivered\"} 1")
    }
  }

  @Test("takes the same request twice as one")
  func idempotent() async throws {
    let bench = try await DeliveryBench.start()
    try await bench.put(bench.destination())
    let request = try bench.deliverRequest([1, 2, 3])
    try await bench.say(request)
    try await bench.say(request)
    try await bench.until(request.delivery, is: .delivered)
    try await bench.say(request)
    let states = try await bench.said(DeliveryChanged.self).map(\.delivery.state)
    #expect(states.filter { $0 == .queued }.count == 1)
    #expect(bench.names == ["show.mp3"])
  }

  @Test("brings many files to two destinations, each once")
  func many() async throws {
    let bench = try await DeliveryBench.start()
    let other = DestinationID(unchecked: "other")
    try await bench.put(bench.destination())
    // The same server by another name, so that both go at once.
    var second = bench.destination(other)
    second.host = "localhost"
    try await bench.put(second)
    for number in 1...20 {
      try await bench.deliver(
        RemoteSite.content(50_000, seed: UInt64(number)), as: "show-\(number).mp3",
        id: "delivery-\(number)", to: number % 2 == 0 ? other : DeliveryBench.nas)
    }
    for number in 1...20 {
      try await bench.until(DeliveryID(unchecked: "delivery-\(number)"), is: .delivered)
      #expect(
        try bench.remote("show-\(number).mp3") == RemoteSite.content(50_000, seed: UInt64(number)))
    }
    #expect(bench.names.count == 20)
  }

  @Test("waits with the found fingerprint until the host key is confirmed, then goes on by itself")
  func unknownHostKey() async throws {
    let bench = try await DeliveryBench.start()
    var destination = bench.destination()
    destination.hostKey = nil
    try await bench.put(destination)
    let id = try await bench.deliver([1, 2, 3])
    let row = try await bench.until(id, is: .waiting)
    #expect(row.standing.retryAt == nil)
    #expect(row.standing.reason?.contains(bench.server.hostFingerprint) == true)
    #expect(try await bench.health().foundHostKey == bench.server.hostFingerprint)
    #expect(bench.names.isEmpty)
    destination.hostKey = bench.server.hostFingerprint
    try await bench.put(destination)
    try await bench.until(id, is: .delivered)
    let health = try await bench.health()
    #expect(health.fault == nil && health.foundHostKey == nil)
  }

  @Test(
    "sets a delivery aside when the host key changed, and revives it when the new one is confirmed")
  func changedHostKey() async throws {
    let bench = try await DeliveryBench.start()
    let stranger = "SHA256:" + String(repeating: "A", count: 43)
    try await bench.put(bench.destination(hostKey: stranger))
    let id = try await bench.deliver([1, 2, 3])
    try await bench.until(id, is: .dead)
    try await bench.put(bench.destination())
    try await bench.until(id, is: .delivered)
  }

  @Test("keeps a delivery to a destination that is made later")
  func missingDestination() async throws {
    let bench = try await DeliveryBench.start()
    let id = try await bench.deliver([1, 2, 3])
    let row = try await bench.until(id, is: .dead)
    #expect(row.standing.reason?.contains("nas") == true)
    try await bench.put(bench.destination())
    try await bench.until(id, is: .delivered)
  }

  @Test("tries again while the server is away, and delivers when it is back")
  func outage() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .cutAfterSent(500))
    try await bench.put(bench.destination(port: proxy.port))
    let id = try await bench.deliver(RemoteSite.content(100_000))
    try await eventually("it failed several times", within: .seconds(120)) {
      try await bench.row(id).standing.failures >= 4
    }
    #expect(try await bench.health().fault != nil)
    proxy.set(.none)
    let row = try await bench.until(id, is: .delivered)
    #expect(row.standing.attempts >= 5)
    #expect(try await bench.health().fault == nil)
    #expect(bench.names == ["show.mp3"])
  }

  @Test("sets a delivery aside whose file is gone; a retry after it came back delivers")
  func missingSource() async throws {
    let bench = try await DeliveryBench.start()
    try await bench.put(bench.destination())
    let request = try bench.deliverRequest([1, 2, 3])
    unlink(request.file.path)
    try await bench.say(request)
    try await bench.until(request.delivery, is: .dead)
    _ = try bench.deliverRequest([1, 2, 3])
    let outcome = try await bench.command(RetryDelivery(delivery: request.delivery))
    #expect(outcome.refusal == nil)
    try await bench.until(request.delivery, is: .delivered)
  }

  @Test("stops an upload that is discarded, and takes it up again when asked")
  func discard() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .stallAfterSent(500_000))
    try await bench.put(bench.destination(port: proxy.port))
    let bytes = RemoteSite.content(2_000_000)
    let id = try await bench.deliver(bytes)
    try await eventually("it is on its way") { proxy.bytesSent >= 500_000 }
    #expect(try await bench.command(DiscardDelivery(delivery: id)).refusal == nil)
    try await eventually("the upload ended") {
      bench.metrics.text.contains("outcome=\"interrupted\"} 1")
    }
    #expect(try await bench.row(id).standing.state == .discarded)
    #expect(!bench.names.contains("show.mp3"))
    proxy.set(.none)
    #expect(try await bench.command(RetryDelivery(delivery: id)).refusal == nil)
    try await bench.until(id, is: .delivered)
    #expect(try bench.remote("show.mp3") == bytes)
    #expect(try await bench.command(DiscardDelivery(delivery: id)).refusal == .conflict)
    #expect(try await bench.command(RetryDelivery(delivery: id)).refusal == .conflict)
  }

  @Test("begins nothing while paused or for a disabled destination")
  func paused() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port)
    bench.service.signals.setPaused(true)
    var destination = bench.destination(port: proxy.port)
    destination.isEnabled = false
    try await bench.put(destination)
    let id = try await bench.deliver([1, 2, 3])
    bench.service.signals.setPaused(false)
    // A test of the destination goes through the same loop, so after it the loop has looked.
    _ = try await bench.command(TestDestination(destination: DeliveryBench.nas))
    #expect(proxy.connections == 1)
    bench.service.signals.setPaused(true)
    destination.isEnabled = true
    try await bench.put(destination)
    _ = try await bench.command(TestDestination(destination: DeliveryBench.nas))
    #expect(proxy.connections == 2)
    #expect(try await bench.row(id).standing.state == .queued)
    bench.service.signals.setPaused(false)
    try await bench.until(id, is: .delivered)
  }

  @Test("tells somebody new the whole state with the same events")
  func snapshot() async throws {
    let bench = try await DeliveryBench.start()
    try await bench.put(bench.destination())
    let id = try await bench.deliver([1, 2, 3])
    try await bench.until(id, is: .delivered)
    let build = try #require(bench.service.handlers.snapshot)
    let messages = try await bench.database.read { try build($0) }
    #expect(messages.contains { $0 is DeliveryIdentity })
    let destinations = messages.compactMap { ($0 as? DestinationChanged)?.destination }
    #expect(destinations == [bench.destination()])
    let deliveries = messages.compactMap { ($0 as? DeliveryChanged)?.delivery }
    #expect(deliveries == [try await bench.row(id).event.delivery])
  }
}
