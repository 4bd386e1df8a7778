import Base
import Messages
import TestSupport

/// What the tests ask the REST interface for, by its nouns.
extension RESTClient {
  struct RecordingList: Decodable, Sendable { let recordings: [Recording] }
  struct DeliveryList: Decodable, Sendable { let deliveries: [Delivery] }
  struct StreamStatus: Decodable, Sendable {
    let id: StreamID
    let status: CaptureStatus?
  }
  struct DestinationStatus: Decodable, Sendable {
    let id: DestinationID
    let fault: String?
    let foundHostKey: String?
  }
  struct DestinationList: Decodable, Sendable {
    let publicKey: String?
    let destinations: [DestinationStatus]
  }

  /// The key that Airloom shows and that a server's `authorized_keys` must hold.
  func publicKey() async throws -> String {
    try await eventually("the page shows the public key", within: .seconds(60)) {
      await self.find("/api/v1/destinations", as: DestinationList.self)?.publicKey
    }
  }

  /// What a node says is not well with it.
  func faults(of node: String) async -> [String] {
    struct Nodes: Decodable {
      struct Node: Decodable { let heartbeat: Heartbeat }
      let nodes: [Node]
    }
    let found = await find("/api/v1/nodes", as: Nodes.self)?.nodes.map(\.heartbeat)
    return found?.first { $0.node.text == node }?.faults ?? []
  }

  @discardableResult
  func stream(
    _ id: String, in states: Set<CaptureState>, within limit: Duration
  ) async throws -> CaptureStatus {
    try await eventually("\(id) is \(states)", within: limit) {
      let found = await self.find("/api/v1/streams/\(id)", as: StreamStatus.self)?.status
      return found.flatMap { states.contains($0.state) ? $0 : nil }
    }
  }

  /// Those that begin in the next hour at the latest: a cron schedule has others planned.
  func recordings(of schedule: String) async -> [Recording] {
    let before = SystemTimeSource().now() + .seconds(3600)
    return await find(
      "/api/v1/recordings?limit=1000&schedule=\(schedule)&before=\(before)",
      as: RecordingList.self)?.recordings ?? []
  }

  /// Waits until the only recording of that title has its file.
  func recording(titled title: String, within limit: Duration) async throws -> Recording {
    var seen = "nothing"
    do {
      return try await eventually("'\(title)' is there", within: limit) {
        let found =
          await self.find("/api/v1/recordings?limit=1000", as: RecordingList.self)?
          .recordings.filter { $0.title == title } ?? []
        if let last = found.last { seen = "\(last)" }
        guard found.count == 1, let recording = found.first else { return nil }
        if recording.state == .missed || recording.state == .cancelled {
          throw TestFailure("\(title) is \(recording.state): \(recording.reason ?? "no reason")")
        }
        return recording.state == .committed ? recording : nil
      }
    } catch {
      throw TestFailure("\(error); last seen: \(seen)")
    }
  }

  func deliveries(of recording: JobID) async -> [Delivery] {
    await find("/api/v1/deliveries?limit=1000&recording=\(recording)", as: DeliveryList.self)?
      .deliveries ?? []
  }

  /// Waits until the schedule's only recording is in one of the states.
  @discardableResult
  func recording(
    of schedule: String, in states: Set<RecordingState>, within limit: Duration
  ) async throws -> Recording {
    var seen = "nothing"
    do {
      return try await eventually("\(schedule) is \(states)", within: limit) {
        let found = await self.recordings(of: schedule)
        if let last = found.last { seen = "\(last)" }
        guard found.count == 1, let recording = found.first else { return nil }
        if recording.state.isFinal, !states.contains(recording.state) {
          throw TestFailure("\(schedule) is \(recording.state): \(recording.reason ?? "no reason")")
        }
        return states.contains(recording.state) ? recording : nil
      }
    } catch {
      throw TestFailure("\(error); last seen: \(seen)")
    }
  }

  /// Waits until the schedule's only recording is committed and its only delivery is done.
  func delivered(_ schedule: String, within limit: Duration) async throws -> (Recording, Delivery) {
    let recording = try await recording(of: schedule, in: [.committed], within: limit)
    let delivery = try await eventually("\(schedule) is delivered", within: .seconds(60)) {
      let found = await self.deliveries(of: recording.id)
      return found.count == 1 && found.first?.state == .delivered ? found.first : nil
    }
    return (recording, delivery)
  }
}
