import Base
import HTTPServer
import Messages
import Storage

/// `/api/v1/recordings`
struct RecordingRoutes {
  private struct End: Decodable {
    /// nil: now.
    var end: Instant?
  }

  private struct List: Encodable {
    let recordings: [Recording]
  }

  let services: GatewayServices

  func add(to router: inout GuardedRouter) {
    router.add("GET", "/api/v1/recordings") { request, _ in try await list(request) }
    router.add("GET", "/api/v1/recordings/{id}") { request, _ in
      try .json(try await known(request))
    }
    router.add("GET", "/api/v1/recordings/{id}/file") { request, _ in try await file(request) }
    router.add("GET", "/api/v1/recordings/{id}/companions/{name}") { request, _ in
      try await companion(request)
    }
    router.add("GET", "/api/v1/recordings/{id}/log") { request, _ in
      let id: JobID = try request.identifier()
      return .file(
        "\(services.settings.home)/logs/recordings/\(id).log",
        contentType: "text/plain; charset=utf-8")
    }
    router.add("POST", "/api/v1/recordings/{id}/cancel") { try await cancel($0, $1) }
    router.add("POST", "/api/v1/recordings/{id}/end") { try await end($0, $1) }
  }

  private func list(_ request: Request) async throws -> Response {
    let states = try request.states(RecordingState.self)
    let filter = RecordingCatalog.Filter(
      states: states, stream: try request.identifier(query: "stream"),
      schedule: try request.identifier(query: "schedule"),
      from: try request.instant("from"), before: try request.instant("before"),
      newestFirst: request.query("order") != "oldest",
      limit: try request.number("limit", default: 100, in: 1...1000))
    let found = try await services.database.read { try RecordingCatalog.select(filter, $0) }
    return try .json(List(recordings: found))
  }

  private func known(_ request: Request) async throws -> Recording {
    let id: JobID = try request.identifier()
    guard let found = try await services.database.read({ try RecordingCatalog.find(id, $0) })
    else { throw Problem.notFound }
    return found
  }

  private func file(_ request: Request) async throws -> Response {
    guard let file = try await known(request).file else {
      throw Problem(404, "no_file", "This recording has no file yet.")
    }
    return try MediaFile(services.settings).response(file, to: request)
  }

  /// Only what the recording itself names.
  private func companion(_ request: Request) async throws -> Response {
    let name = request.parameter("name")
    guard let file = try await known(request).file,
      let companion = file.companions?.first(where: { $0.name == name })
    else { throw Problem.notFound }
    return try MediaFile(services.settings).response(companion, beside: file)
  }

  private func cancel(_ request: Request, _ identity: Identity) async throws -> Response {
    let recording = try await known(request)
    return try await services.desk.give(
      CancelRecording(recording: recording.id), about: recording.id.text,
      to: services.settings.scheduler, by: identity
    ).response()
  }

  private func end(_ request: Request, _ identity: Identity) async throws -> Response {
    let recording = try await known(request)
    let input = request.body.isEmpty ? End() : try request.decoded(as: End.self)
    return try await services.desk.give(
      EndRecording(recording: recording.id, end: input.end ?? services.time.now()),
      about: recording.id.text, to: services.settings.scheduler, by: identity
    ).response()
  }
}
