import Base
import Bus
import Configuration
import TestSupport
import Testing

@testable import Service

@Suite("Where nodes are reached") struct BusPlacesTests {
  private let scheduler = NodeID(unchecked: "scheduler")
  private let recorder = NodeID(unchecked: "recorder-2")

  @Test("Without addresses everything is in the home folder, and no keys are made")
  func oneHost() throws {
    let folder = try TemporaryFolder()
    let home = Home(folder.path)
    let transport = try BusPlaces(settings: Settings().bus, home: home).transport(
      of: recorder, service: "recorder", binds: false, peers: [scheduler])
    #expect(transport.peers[scheduler] == Endpoints.ipc(of: scheduler, in: home.bus))
    #expect(transport.bind == nil)
    #expect(transport.curve == nil)
  }

  @Test("An address makes inbox and outbox two ports, and the node its keys")
  func severalHosts() throws {
    let folder = try TemporaryFolder()
    var settings = Settings().bus
    settings.scheduler = "10.0.0.2:8700"
    settings.listenAddress = "0.0.0.0"
    let places = BusPlaces(settings: settings, home: Home(folder.path))
    let dialling = try places.transport(
      of: recorder, service: "recorder", binds: false, peers: [scheduler])
    #expect(
      dialling.peers[scheduler]
        == Endpoints(inbox: "tcp://10.0.0.2:8700", outbox: "tcp://10.0.0.2:8701"))
    #expect(dialling.curve != nil)
    let binding = try places.transport(
      of: scheduler, service: "scheduler", binds: true, peers: [])
    #expect(binding.bind == Endpoints(inbox: "tcp://0.0.0.0:8700", outbox: "tcp://0.0.0.0:8701"))
    #expect(binding.curve?.publicKey != dialling.curve?.publicKey)
  }

  @Test(
    "What is no address is refused with the key's name",
    arguments: ["10.0.0.2", ":8700", "host:0", "host:65535", "host:port"])
  func refusals(address: String) throws {
    let folder = try TemporaryFolder()
    var settings = Settings().bus
    settings.scheduler = address
    let places = BusPlaces(settings: settings, home: Home(folder.path))
    let error = #expect(throws: ServiceError.self) {
      try places.transport(of: scheduler, service: "scheduler", binds: true, peers: [])
    }
    #expect(error?.description.contains("bus.scheduler") == true)
    #expect(error?.code == .configuration)
  }
}
