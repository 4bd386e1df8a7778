import Base
import HTTPClient
import Messages
import Service
import TestSupport

@testable import airloom_gateway

/// A gateway with recorders whose tapes a test has made.
struct StreamingBench {
  let gateway: TestGateway
  let recorder: FakeRecorder
  let cookie: String

  static func start(at time: any TimeSource = SystemTimeSource()) async throws -> StreamingBench {
    let gateway = try await TestGateway(time: time)
    let path = gateway.service.services.settings.tapeTokenPath
    let token = await onOwnThread { try? TapeToken.load(path).authorization }
    guard let token else { throw TestFailure("there is no tape key") }
    let recorder = try FakeRecorder(token: token)
    gateway.service.services.nodes.note(recorder.heartbeat, offset: .zero)
    return StreamingBench(
      gateway: gateway, recorder: recorder, cookie: try await gateway.logIn())
  }

  func get(_ path: String, headers: [(String, String)] = []) async throws -> HTTPResponse {
    try await gateway.send("GET", path, headers: [("Cookie", cookie)] + headers)
  }

  /// The playlist at the path, read by the rules.
  func playlist(_ path: String) async throws -> PlaylistReader {
    let response = try await get(path)
    guard response.status == 200 else {
      throw TestFailure("\(path): \(response.status) \(response.text)")
    }
    return PlaylistReader(response.body)
  }

  /// All that the playlist leads to, in order; the initialisation sections where they change.
  func media(_ playlist: PlaylistReader) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var map: String?
    for entry in playlist.entries where !entry.isGap {
      if let needed = entry.map, needed != map {
        bytes += try await found(needed)
        map = needed
      }
      bytes += try await found(entry.address)
    }
    return bytes
  }

  func found(_ path: String) async throws -> [UInt8] {
    let response = try await get(path)
    guard response.status == 200 else {
      throw TestFailure("\(path): \(response.status) \(response.text)")
    }
    return response.body
  }

  func stop() async {
    await gateway.stop()
    await recorder.stop()
  }
}
