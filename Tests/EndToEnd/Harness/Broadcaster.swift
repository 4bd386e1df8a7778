import Base
import Messages
import Subprocess
import TestSupport

/// A real Icecast with one numbered stream on each mountpoint.
struct Broadcaster: Sendable {
  let server: IcecastServer
  let sources: [String: NumberedIcecastSource]

  /// `streams` by mountpoint, which is also the stream's id.
  static func start(
    _ streams: [String: NumberedFrames], burstBytes: Int = 65_536
  ) async throws -> Broadcaster {
    let server = try await IcecastServer.start(burstBytes: burstBytes)
    var sources: [String: NumberedIcecastSource] = [:]
    for (mount, frames) in streams {
      let source = NumberedIcecastSource(
        frames: frames, port: server.port, mount: "/\(mount)", password: server.password)
      try source.start()
      sources[mount] = source
    }
    return Broadcaster(server: server, sources: sources)
  }

  /// An Icecast that has died by itself is no fault of ours, and must not look like one.
  func check() throws {
    if let exit = server.child.ending { throw TestFailure("Icecast itself \(exit)") }
    for (mount, source) in sources {
      if let failure = source.failure { throw TestFailure("the source of \(mount): \(failure)") }
    }
  }

  func stop() { for source in sources.values { source.stop() } }

  func source(_ mount: String) throws -> NumberedIcecastSource {
    guard let source = sources[mount] else { throw TestFailure("there is no mount \(mount)") }
    return source
  }

  /// Makes the stream in the installation.
  func add(_ mount: String, to client: RESTClient) async throws {
    try await client.post("/api/v1/streams", StreamInput(mount, server.url(mount)))
  }
}

struct StreamInput: Codable, Sendable {
  var id: String
  var name: String
  var urls: [String]

  init(_ id: String, _ url: String) {
    self.id = id
    name = "Stream \(id)"
    urls = [url]
  }
}

struct ScheduleInput: Encodable, Sendable {
  var id: String
  var name: String
  var stream: String
  var rule: ScheduleRule
  var durationSeconds: Int
  var paddingBeforeSeconds = 0
  var paddingAfterSeconds = 0
  var tags = RecordingTags(artist: "A Station", album: "A Programme")
  var destinations: [String]

  /// A show that happens once.
  init(
    _ id: String, on stream: String, at start: Instant, seconds: Int,
    to destinations: [String] = ["archive"]
  ) {
    self.init(id, on: stream, .once(start: start), seconds: seconds, to: destinations)
  }

  init(
    _ id: String, on stream: String, _ rule: ScheduleRule, seconds: Int,
    to destinations: [String] = ["archive"]
  ) {
    self.id = id
    name = "Show \(id)"
    self.stream = stream
    self.rule = rule
    durationSeconds = seconds
    self.destinations = destinations
  }
}
