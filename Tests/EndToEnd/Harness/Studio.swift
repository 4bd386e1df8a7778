import Base
import Messages
import TestSupport

/// An installation with a broadcaster and an archive, ready for schedules.
struct Studio: Sendable {
  let installation: Installation
  let client: RESTClient
  let broadcaster: Broadcaster
  let archive: Archive

  /// Starts the services one by one, so that they can be killed, and makes the streams.
  static func start(
    _ streams: [String: NumberedFrames], in installation: Installation, burstBytes: Int = 65_536,
    services: [Service] = Service.working
  ) async throws -> Studio {
    try await installation.start(services)
    let client = RESTClient(installation)
    try await client.logIn()
    let archive = try await Archive.start(for: client)
    let broadcaster = try await Broadcaster.start(streams, burstBytes: burstBytes)
    for mount in streams.keys.sorted() { try await broadcaster.add(mount, to: client) }
    return Studio(
      installation: installation, client: client, broadcaster: broadcaster, archive: archive)
  }

  /// Adds a show that happens once, a few seconds from now.
  func schedule(
    _ name: String, on stream: String, in delay: Int64 = 5, seconds: Int
  ) async throws -> Instant {
    let start = Instant(seconds: SystemTimeSource().now().seconds + delay)
    try await client.post(
      "/api/v1/schedules", ScheduleInput(name, on: stream, at: start, seconds: seconds))
    return start
  }

  /// What is recorded and what lies on the server are the same, once, and of the source.
  func arrived(
    _ name: String, on stream: String, within limit: Duration
  ) async throws -> (recording: Recording, content: NumberedFile) {
    let recording: Recording
    do {
      recording = try await client.delivered(name, within: limit).0
    } catch {
      try broadcaster.check()
      throw error
    }
    guard let file = recording.file else { throw TestFailure("\(recording) has no file") }
    let copies = archive.files.filter { $0.contains(file.name) }
    guard copies == [file.name] else { throw TestFailure("the server holds \(copies)") }
    let path = "\(archive.server.folder)/\(file.name)"
    guard try Files.hash(path) == file.sha256, try Files.hash(file.path) == file.sha256 else {
      throw TestFailure("the copies of \(file.name) differ")
    }
    let content = try NumberedFile(mp3: path, of: try broadcaster.source(stream).frames)
    return (recording, content)
  }
}

/// Waits until that time of the wall clock.
func reach(_ instant: Instant) async throws {
  try await eventually("it is \(instant)", within: .seconds(300)) {
    SystemTimeSource().now() >= instant
  }
}
