import Base
import Messages
import TestSupport
import Testing

@testable import airloom_delivery

@Suite("Commands to the delivery service")
struct DeliveryCommandTests {
  struct BadDestination: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let field: String
    let spoil: @Sendable (inout Destination) -> Void
  }

  static let bad = [
    BadDestination(testDescription: "no name", field: "name") { $0.name = "  " },
    BadDestination(testDescription: "no host", field: "host") { $0.host = "" },
    BadDestination(testDescription: "a blank in the host", field: "host") { $0.host = "a b" },
    BadDestination(testDescription: "port 0", field: "port") { $0.port = 0 },
    BadDestination(testDescription: "port 65536", field: "port") { $0.port = 65_536 },
    BadDestination(testDescription: "no user", field: "user") { $0.user = "" },
    BadDestination(testDescription: "a line break in the folder", field: "folder") {
      $0.folder = "a\nb"
    },
    BadDestination(testDescription: "an MD5 fingerprint", field: "hostKey") {
      $0.hostKey = "MD5:aa:bb"
    },
  ]

  @Test("refuse a destination that cannot be, and say which part", arguments: bad)
  func refused(bad: BadDestination) throws {
    var destination = Destination(
      id: DeliveryBench.nas, name: "NAS", host: "nas", user: "airloom", folder: "in")
    try DestinationValidator.check(destination)
    bad.spoil(&destination)
    let field = bad.field
    #expect {
      try DestinationValidator.check(destination)
    } throws: {
      let refusal = $0 as? Refusal
      return refusal?.kind == .invalid && refusal?.field == field
    }
  }

  @Test("make, change, show and remove a destination")
  func life() async throws {
    let bench = try await DeliveryBench.start()
    let put = PutDestination(destination: bench.destination(), mustBeNew: true)
    #expect(try await bench.command(put).refusal == nil)
    let again = try await bench.command(put)
    #expect(again.refusal == .conflict && again.field == "id")
    var changed = bench.destination()
    changed.name = "Other"
    try await bench.put(changed)
    let remove = RemoveDestination(destination: DeliveryBench.nas)
    #expect(try await bench.command(remove).refusal == nil)
    #expect(try await bench.command(remove).refusal == .notFound)
    let said = try await bench.said(DestinationChanged.self)
    #expect(said.map(\.destination?.name) == ["NAS", "Other", nil])
  }

  @Test("refuse to remove a destination that deliveries wait for, until they are discarded")
  func removeInUse() async throws {
    let bench = try await DeliveryBench.start()
    var destination = bench.destination()
    destination.isEnabled = false
    try await bench.put(destination)
    let id = try await bench.deliver([1])
    let remove = RemoveDestination(destination: DeliveryBench.nas)
    #expect(try await bench.command(remove).refusal == .conflict)
    #expect(try await bench.command(DiscardDelivery(delivery: id)).refusal == nil)
    #expect(try await bench.command(remove).refusal == nil)
    #expect(try await bench.command(RetryDelivery(delivery: id)).refusal == .conflict)
  }

  @Test("about what does not exist are refused as such")
  func unknown() async throws {
    let bench = try await DeliveryBench.start()
    let delivery = DeliveryID(unchecked: "none")
    #expect(try await bench.command(RetryDelivery(delivery: delivery)).refusal == .notFound)
    #expect(try await bench.command(DiscardDelivery(delivery: delivery)).refusal == .notFound)
    let test = TestDestination(destination: DeliveryBench.nas)
    #expect(try await bench.command(test).refusal == .notFound)
  }

  @Test("test a good destination, and wake what had failed there")
  func goodTest() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .cutAfterSent(0))
    try await bench.put(bench.destination(port: proxy.port))
    let id = try await bench.deliver([1, 2, 3])
    try await eventually("it failed") { try await bench.row(id).standing.failures > 0 }
    proxy.set(.none)
    let outcome = try await bench.command(TestDestination(destination: DeliveryBench.nas))
    #expect(outcome.refusal == nil)
    #expect(outcome.text?.contains("small file") == true)
    try await bench.until(id, is: .delivered)
    #expect(bench.names == ["show.mp3"])
  }

  @Test("test a bad destination and say what to do")
  func badTest() async throws {
    let bench = try await DeliveryBench.start()
    var destination = bench.destination()
    destination.hostKey = nil
    try await bench.put(destination)
    let test = TestDestination(destination: DeliveryBench.nas)
    let unpinned = try await bench.command(test)
    #expect(unpinned.refusal == .failed && unpinned.field == "hostKey")
    #expect(unpinned.text?.contains(bench.server.hostFingerprint) == true)
    let said = try await bench.said(DestinationChanged.self)
    #expect(said.last?.foundHostKey == bench.server.hostFingerprint)
    destination.hostKey = bench.server.hostFingerprint
    destination.folder = "missing"
    try await bench.put(destination)
    let missing = try await bench.command(test)
    #expect(missing.refusal == .failed && missing.text?.contains("missing") == true)
  }

  @Test("a wish to test survives a crash")
  func testAfterCrash() async throws {
    let bench = try await DeliveryBench.start()
    let proxy = try ChaosProxy(to: bench.server.port, fault: .stallAfterSent(0))
    try await bench.put(bench.destination(port: proxy.port))
    let id = MessageID.random()
    try await bench.say(TestDestination(destination: DeliveryBench.nas), id: id)
    try await eventually("it is under way") { proxy.connections == 1 }
    try await bench.crash()
    proxy.set(.none)
    try await eventually("it is answered once") {
      try await bench.said(CommandOutcome.self).filter { $0.command == id }.count == 1
    }
  }
}
